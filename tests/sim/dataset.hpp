#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/records.hpp"
#include "tests/sim/plan.hpp"

namespace fd::sim {

/// Bytes of one database, and of a piece of it.
inline constexpr std::size_t kDatabaseBytes = 100;
inline constexpr std::size_t kPieceBytes = 40;

/// Shard and position of a sample.
using Place = std::pair<std::uint32_t, std::uint32_t>;

/// What one shard has when it is written: the lines of its files.
struct ShardArtifacts {
  std::string answers;
  std::string outcomes;
  friend bool operator==(const ShardArtifacts&, const ShardArtifacts&) = default;
};

/// The samples of a world, what the teacher answers, and what the gates make of it: pure functions.
class Dataset {
 public:
  explicit Dataset(const Plan& plan);

  [[nodiscard]] const std::vector<Sample>& shard(std::uint32_t index) const {
    return shards_.at(index);
  }
  [[nodiscard]] std::uint32_t shard_count() const {
    return static_cast<std::uint32_t>(shards_.size());
  }
  /// Returns the bytes of the databases, by digest.
  [[nodiscard]] const std::map<Digest, std::string>& databases() const { return databases_; }
  [[nodiscard]] std::uint32_t sample_count() const { return count_; }
  /// Returns how many candidates the teacher is asked for; they are the first calls.
  [[nodiscard]] std::uint32_t candidates() const { return candidates_; }
  /// Returns how many calls each sample needs.
  [[nodiscard]] std::uint32_t calls() const { return candidates_ + (other_roles_ ? 3 : 0); }

  /// Returns where the sample of this id is. Requires: an id of this set.
  [[nodiscard]] static Place place_of(const SampleId& id) { return {id.bytes[0], id.bytes[1]}; }

  /// Returns which call of its sample one is, counted from 0.
  [[nodiscard]] static std::uint32_t number_of(const CallIdentity& call) {
    return call.call_key.bytes[31];
  }
  /// Returns who the `number`-th call of a sample is.
  [[nodiscard]] CallIdentity call(const Sample& sample, std::uint32_t number) const;

  /// Returns the answer to the `request`-th request of a call (0 when it is always the same).
  [[nodiscard]] Answer answer(const Sample& sample, std::uint32_t number,
                              std::uint32_t request) const;

  /// Returns how the sample ends with these answers. With a failure it is failed.
  [[nodiscard]] static Outcome outcome(const Sample& sample, const std::vector<Answer>& answers,
                                       Reason failure);

  /// Returns the shard's files. The lists may be in any order.
  static ShardArtifacts artifacts(std::vector<Answer> answers, std::vector<Outcome> outcomes);

  /// Returns what the shard's files are when nothing goes wrong.
  [[nodiscard]] ShardArtifacts expected(std::uint32_t shard) const;

 private:
  std::vector<std::vector<Sample>> shards_;
  std::map<Digest, std::string> databases_;
  std::uint32_t candidates_ = 1;
  bool other_roles_ = false;
  std::uint32_t count_ = 0;
};

}  // namespace fd::sim
