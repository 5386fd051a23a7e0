#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/journal.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

/// The journal of one worker's machine, in the bytes of protocol/journal: batches that are synced
/// together and take time, syncs that fail, crashes that leave a torn tail. It outlives processes;
/// what AnswerJournal does with files, this does with strings.
class WorkerDisk {
 public:
  WorkerDisk(const Plan& plan, std::uint32_t worker, Schedule& schedule, Trace& trace,
             Oracle& oracle);

  /// What earlier processes left. `ended[i]` has the number i + 1, `in_doubt[i]` the number
  /// ended.size() + i + 1.
  struct Recovered {
    std::vector<Record> ended;
    std::vector<JournalIntent> in_doubt;
    std::vector<std::uint64_t> incarnations;  ///< whose journals they are
  };

  /// Opens it for a process that takes a run up; `failed` is called once when a sync fails, after
  /// which nothing is durable any more. Lifetime: `owner` outlives the disk.
  Recovered open(Process& owner, std::uint64_t incarnation, std::function<void()> failed);

  /// As the members of AnswerJournal. The tasks are done in order, once the record is durable.
  std::uint32_t append_intent(const JournalIntent& intent, Task then);
  std::uint64_t append_end(std::uint32_t ticket, const Record& end, Task then);
  void append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled);
  void release(std::uint64_t seq);

  /// Returns whether an intent, or all ends up to a number, are durable.
  [[nodiscard]] bool has_intent(std::uint32_t ticket) const { return ticket <= durable_ticket_; }
  [[nodiscard]] bool has_end(std::uint64_t seq) const { return seq <= durable_seq_; }

  /// The process is done with the run: waits until all is durable, and seals.
  void close();
  /// The process died: of what was not synced a part may remain.
  void crash();

  /// Reads everything and removes it: what a coordinator does with the journals of its local
  /// workers before anything else. Requires: no process has it open.
  Recovered take_all();

 private:
  struct Segment {
    std::uint64_t incarnation = 0;
    std::string bytes;
    std::size_t synced = 0;
    std::uint64_t last_seq = 0;      ///< of the ends in it
    std::uint32_t open_intents = 0;  ///< without a durable end
    bool closed = false;
  };
  struct Queued {
    JournalKind kind = JournalKind::intent;
    std::string payload;
    std::uint32_t ticket = 0;
    std::uint64_t seq = 0;
    Task then;
    bool ends_intent = false;
  };
  void begin_segment();
  void put(Queued queued);
  void start_sync();
  void finish_sync();
  void remove_released();
  Recovered read();

  const Plan& plan_;
  std::uint32_t worker_;
  Schedule& schedule_;
  Trace& trace_;
  Oracle& oracle_;
  Random random_;
  std::deque<Segment> segments_;
  std::uint32_t removed_ = 0;  ///< segments before the first one
  // of the process that has it open
  Process* owner_ = nullptr;
  std::function<void()> failed_;
  std::optional<SegmentWriter> writer_;
  std::uint64_t incarnation_ = 0;
  std::uint32_t own_segments_ = 0;
  std::vector<Queued> queue_;
  std::vector<Queued> syncing_;
  std::map<std::uint32_t, std::uint32_t> intents_;  ///< ticket to number of its segment
  std::uint32_t tickets_ = 0;
  std::uint32_t durable_ticket_ = 0;
  std::uint64_t seq_ = 0;
  std::uint64_t durable_seq_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t opened_ = 0;  ///< how often; a sync of before means nothing
  bool broken_ = false;
};

}  // namespace fd::sim
