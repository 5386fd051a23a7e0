#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/journal/call_journal.hpp"
#include "actors/journal/journal_recovery.hpp"
#include "protocol/journal.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

/// The journal of one worker's machine, in the bytes of protocol/journal: batches that are synced
/// together and take time, syncs that fail, crashes that leave a torn tail. It outlives processes;
/// what AnswerJournal does with files, this does with strings.
class WorkerDisk {
 public:
  WorkerDisk(const Plan& plan, std::uint32_t worker, Schedule& schedule, Trace& trace,
             Oracle& oracle);

  using Then = CallJournal::Then;

  /// Opens it for a process that takes a run up; `failed` is called once when a sync fails, after
  /// which nothing is durable any more. Lifetime: `owner` outlives the disk.
  RecoveredJournal open(Process& owner, std::uint64_t incarnation,
                        std::function<void(const Error&)> failed);
  /// Returns how often it was opened.
  [[nodiscard]] std::uint64_t sessions() const { return sessions_; }

  /// As the members of CallJournal.
  std::uint32_t append_intent(const JournalIntent& intent, Then then);
  std::uint64_t append_end(std::uint32_t ticket, const Record& end, Then then);
  void append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled, Then then);
  void release(std::uint64_t seq);
  void flush();

  /// Returns whether the intent of a call, or all ends up to a number, are durable.
  [[nodiscard]] bool has_intent(const Digest& call_key) const {
    return durable_intents_.contains(call_key);
  }
  [[nodiscard]] bool has_end(std::uint64_t seq) const { return seq <= durable_seq_; }

  /// The files of databases, whole or in part.
  std::map<Digest, std::string>& databases() { return databases_; }

  /// The process is done with the run: waits until all is durable, and seals.
  void close();
  /// The process died: of what was not synced a part may remain.
  void crash();

  /// Reads everything and removes it: what a coordinator does with the journals of its local
  /// workers before anything else. Requires: no process has it open.
  RecoveredJournal take_all();

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
    Then then;
    bool ends_intent = false;
    Digest call_key{};  ///< of an intent
  };
  void begin_segment();
  void put(Queued queued);
  void start_sync();
  void finish_sync();
  void remove_released();
  void fail_queued();
  RecoveredJournal read();

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
  std::function<void(const Error&)> failed_;
  std::optional<SegmentWriter> writer_;
  std::uint64_t incarnation_ = 0;
  std::uint32_t own_segments_ = 0;
  std::vector<Queued> queue_;
  std::vector<Queued> syncing_;
  std::map<std::uint32_t, std::uint32_t> intents_;  ///< ticket to number of its segment
  std::uint32_t tickets_ = 0;
  std::set<Digest> durable_intents_;
  std::uint64_t seq_ = 0;
  std::uint64_t durable_seq_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t sessions_ = 0;  ///< openings so far
  std::uint64_t opened_ = 0;    ///< rises when a sync of before means nothing any more
  bool broken_ = false;
  std::map<Digest, std::string> databases_;
};

/// The journal of one session on a machine's disk. A dead process writes nothing.
class SimJournal final : public CallJournal {
 public:
  /// Lifetime: all outlive it.
  SimJournal(const Process& process, Services& services, WorkerDisk& disk,
             std::uint64_t incarnation)
      : process_(process),
        services_(services),
        disk_(disk),
        incarnation_(incarnation),
        session_(disk.sessions()) {}
  /// Waits until all is durable, and seals.
  ~SimJournal() override;
  std::uint32_t append_intent(const JournalIntent& intent, Then then) override;
  std::uint64_t append_end(std::uint32_t ticket, const JournalEnd& end, Then then) override;
  void append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled,
                        Then then) override;
  void release(std::uint64_t seq) override;
  void flush() override;

 private:
  /// Returns whether the process is there, and has the disk.
  [[nodiscard]] bool open() const { return process_.alive() && disk_.sessions() == session_; }

  const Process& process_;
  Services& services_;
  WorkerDisk& disk_;
  std::uint64_t incarnation_;
  std::uint64_t session_;
};

}  // namespace fd::sim
