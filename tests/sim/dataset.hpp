#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/records.hpp"
#include "tests/sim/plan.hpp"

namespace fd::sim {

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
  [[nodiscard]] std::uint32_t sample_count() const { return count_; }
  [[nodiscard]] std::uint32_t candidates() const { return candidates_; }

  /// Returns where the sample of this id is. Requires: an id of this set.
  [[nodiscard]] static Place place_of(const SampleId& id) { return {id.bytes[0], id.bytes[1]}; }

  /// Returns the key of a candidate's call.
  [[nodiscard]] static Digest call_key(const Sample& sample, std::uint32_t candidate);

  /// Returns the teacher's answer to the `request`-th request of a call (0 when it always answers
  /// the same).
  [[nodiscard]] static Answer answer(const Sample& sample, std::uint32_t candidate,
                                     std::uint32_t request);

  /// Returns how the sample ends with these answers. With a failure it is failed.
  [[nodiscard]] Outcome outcome(const Sample& sample, const std::vector<Answer>& answers,
                                Reason failure) const;

  /// Returns the shard's files. The lists may be in any order.
  static ShardArtifacts artifacts(std::vector<Answer> answers, std::vector<Outcome> outcomes);

  /// Returns what the shard's files are when nothing goes wrong.
  [[nodiscard]] ShardArtifacts expected(std::uint32_t shard) const;

 private:
  std::vector<std::vector<Sample>> shards_;
  std::uint32_t candidates_ = 1;
  std::uint32_t count_ = 0;
};

}  // namespace fd::sim
