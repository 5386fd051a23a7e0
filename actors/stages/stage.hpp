#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/records.hpp"

namespace fd {

/// Counts, by who shares one, the samples that are on their way to their calls.
struct CallsToCome {};

/// What travels between stages: one sample, its lease, and the evidence gathered so far.
struct WorkItem {
  std::uint64_t run = 0;  ///< which of the runs that this process served; late items are told by it
  std::uint64_t era = 0;  ///< as ChatCall::era, when the sample was begun
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  Sample sample;
  /// Set: it passes exec for its gold alone, and goes to its calls from there.
  std::shared_ptr<const CallsToCome> to_ask;
  std::vector<Answer> answers;  ///< recorded answers; the teacher stage asks only for the others
  std::vector<Candidate> candidates;  ///< in order of index
  bool gold_failed = false;
  std::optional<Reason> failure;   ///< set: the sample failed, later stages pass it through
  bool again = false;              ///< there was trouble before: it is tried once more
  std::string trouble;             ///< why its database kept it from a verdict, for people
  bool interrupted = false;        ///< nobody waits for it any more: it is dropped, not decided
  std::optional<Outcome> outcome;  ///< set by select
  std::vector<StageTime> times;    ///< of the stages that ran, in order
};

/// Adds the time of a stage. A stage that the sample passed before has both together.
void add_time(WorkItem& item, const StageTime& time);

/// A database that could not be opened or read.
struct DatabaseTrouble {
  std::string database;  ///< as Sample::database
  std::string why;       ///< for people
};

/// A pure stage: looks at one item and adds its evidence. Holds caches at most; the same item and
/// config always give the same evidence. Thread: one at a time per object.
class Stage {
 public:
  virtual ~Stage() = default;
  [[nodiscard]] virtual StageId id() const = 0;
  virtual void process(WorkItem& item) = 0;
};

}  // namespace fd
