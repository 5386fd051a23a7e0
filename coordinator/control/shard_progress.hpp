#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <utility>
#include <vector>

#include "protocol/base/mutant.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// What the death of a worker adds to the suspicion against a sample that was in flight there. With
/// an answer on record its SQL may have run. Without one it hardly has: a worker that is gone with
/// its journal may have run it before it handed the answer over.
inline constexpr std::uint8_t kSuspicionAnswered = 4;
inline constexpr std::uint8_t kSuspicionUnanswered = 1;
/// From here on the sample is run in isolation: two deaths with an answer, or eight without.
inline constexpr std::uint8_t kSuspicionMax = 8;

/// What is known of a sample while its shard is worked on.
struct SampleState {
  bool done = false;
  bool failed = false;           ///< done, but a later start asks again
  std::uint8_t suspicion = 0;    ///< by deaths of workers that had it in flight
  std::uint8_t strikes = 0;      ///< deaths while it ran alone
  std::uint64_t sent_fence = 0;  ///< under which it was sent last; 0: not yet
  /// Returns whether it is suspected of ending its workers, and must run alone.
  [[nodiscard]] bool suspect() const {
    return !done && suspicion >= kSuspicionMax && !FD_MUTANT(neighbours_struck);
  }
};

/// What is recorded of one shard's samples while it is worked on. Pure.
struct ShardProgress {
  std::vector<SampleId> ids;  ///< they rise
  std::vector<SampleState> samples;
  std::uint32_t done_count = 0;
  /// By position and order of their calls. The first answer to a call stays: one that comes later
  /// is not recorded.
  std::map<std::pair<std::uint32_t, CallIdentity>, Answer> answers;
  std::set<std::uint64_t> calls;  ///< fingerprints of the recorded ones

  /// Starts with what the ledger has, oldest first.
  ShardProgress(std::vector<SampleId> sample_ids, std::vector<Record> recorded);

  /// Returns whether every sample is done or a suspect.
  [[nodiscard]] bool only_suspects_left() const;
  /// Returns nothing for a sample that is not in the shard.
  [[nodiscard]] std::optional<std::uint32_t> position_of(const SampleId& id) const;
  /// Returns the entries of `answers` for one sample.
  [[nodiscard]] auto answers_at(std::uint32_t position) const {
    return std::ranges::subrange(answers.lower_bound({position, CallIdentity{}}),
                                 answers.lower_bound({position + 1, CallIdentity{}}));
  }
  /// Returns whether `answers` has one for the sample.
  [[nodiscard]] bool has_answer(std::uint32_t position) const {
    return !answers_at(position).empty();
  }
  /// Returns whether an outcome was computed from the answers that are recorded for its sample, and
  /// not from others that came too late.
  [[nodiscard]] bool follows_from_record(std::uint32_t position, const Record& one) const;

  /// Returns whether the call is a new one: a worker sends it again when it was not acknowledged,
  /// and a journal also when it was.
  bool record_call(const Call& call);
  /// Returns whether the answer is the first one to its call.
  bool record_answer(std::uint32_t position, const Answer& answer);
  /// Requires: it is not done.
  void finish(std::uint32_t position, bool failed);
};

/// The shards that are worked on, by number.
using ShardProgresses = std::map<std::uint32_t, ShardProgress>;

}  // namespace fd
