#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/control/coordinator_core.hpp"
#include "tests/sim/dataset.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

/// A lease as it stands in the ledger.
struct LeaseRow {
  LeaseGranted lease;
  Time granted_at = 0;  ///< when it was queued
};

/// A recorded answer, and since when.
struct AnswerRow {
  Answer answer;
  Time durable_at = 0;
};

/// The ledger of one run in memory: group commits that take time, crashes that lose what is queued,
/// commits that fail. Checks what is true of every ledger as rows become durable: fences rise, an
/// answer and a call are recorded once, an outcome is recorded once and follows from the recorded
/// answers.
class MemoryLedger {
 public:
  MemoryLedger(const Plan& plan, const Dataset& data, Schedule& schedule, Trace& trace,
               Oracle& oracle);

  /// Opens it for a coordinator: commits a new epoch. `failed` is called once if a commit fails.
  /// Lifetime: `owner` outlives the ledger.
  void open(Process& owner, std::function<void()> failed);

  /// As Ledger::append.
  void append(std::vector<LedgerEvent> events, Task then);
  /// As Ledger::records: waits for nothing. Checks that nothing of the shard is queued.
  std::vector<Record> records(std::uint32_t shard);

  /// Commits, at once, what a coordinator found in the journals of these processes.
  void import(std::vector<Record> records, const std::vector<std::uint64_t>& journals);
  /// Commits what is queued, with all that waits for it: the coordinator ended in order.
  void close();

  /// The coordinator died: what is queued is lost, what was being committed may be durable or not.
  void crash();

  /// What is durable: the content of the file.
  struct Content {
    std::uint64_t ledger = 77;  ///< Speaker::ledger
    std::uint64_t epoch = 0;
    std::uint64_t last_fence = 0;
    std::vector<std::vector<LeaseRow>> leases;
    std::vector<std::vector<Record>> records;
    std::map<std::pair<Place, std::uint32_t>, AnswerRow> answers;
    std::map<Place, std::pair<Outcome, std::uint64_t>> outcomes;  ///< with the epoch
    std::map<std::uint64_t, Call> calls;                          ///< by fingerprint
    OpenShares open_shares;
  };
  [[nodiscard]] const Content& content() const { return durable_; }
  /// Puts another file in its place. Requires: no coordinator has it open.
  void replace(Content content) { durable_ = std::move(content); }
  /// Returns a file that has just been made.
  [[nodiscard]] Content empty();

  [[nodiscard]] std::uint64_t epoch() const { return durable_.epoch; }
  /// Returns what a coordinator says that it is: who made the ledger, and which start it is.
  [[nodiscard]] Speaker speaker() const { return {durable_.ledger, start_, 0}; }
  [[nodiscard]] const OpenShares& open_shares() const { return durable_.open_shares; }
  /// Returns every call that is recorded, once.
  [[nodiscard]] std::vector<Call> calls() const;
  [[nodiscard]] std::uint64_t last_fence() const { return durable_.last_fence; }
  /// Returns the durable leases of a shard, oldest first.
  [[nodiscard]] const std::vector<LeaseRow>& leases(std::uint32_t shard) const {
    return durable_.leases.at(shard);
  }
  /// Returns the recorded answer to the `number`-th call of a sample, or null.
  [[nodiscard]] const AnswerRow* answer(Place place, std::uint32_t number) const;
  /// Returns the recorded outcome of a sample, or null.
  [[nodiscard]] const Outcome* outcome(Place place) const;

 private:
  struct Pending {
    std::vector<LedgerEvent> events;
    Time queued_at = 0;
    Task then;
  };
  void start_commit();
  void finish_commit();
  void make_durable(const std::vector<Pending>& batch);
  void finish(std::vector<Pending> batch);
  [[nodiscard]] bool done(std::uint32_t shard) const;
  void add(const LeaseGranted& lease, Time queued_at);
  void add(const Record& record, bool late);
  void add(const Decision& decision);
  void check_outcome(Place place, const Outcome& outcome);

  const Plan& plan_;
  const Dataset& data_;
  Schedule& schedule_;
  Trace& trace_;
  Oracle& oracle_;
  Random random_;
  Process* owner_ = nullptr;
  std::function<void()> failed_;
  bool broken_ = false;
  std::vector<Pending> queue_;
  std::vector<Pending> committing_;
  std::uint64_t start_ = 0;
  std::uint64_t starts_ = 0;  ///< of all files
  Content durable_;
};

}  // namespace fd::sim
