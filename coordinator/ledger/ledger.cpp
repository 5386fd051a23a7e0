#include "coordinator/ledger/ledger.hpp"

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "actors/system/failpoint.hpp"
#include "actors/system/incarnation.hpp"
#include "actors/system/thread_name.hpp"
#include "coordinator/ledger/database.hpp"
#include "coordinator/ledger/rows.hpp"
#include "coordinator/ledger/schema.hpp"
#include "coordinator/ledger/tables.hpp"

namespace fd {
namespace {

// A page size can be chosen only for a new file.
constexpr const char* kForNewFile = "PRAGMA page_size=4096";
// Without wal_autocheckpoint: whatever its value, it takes the place of the hook that counts pages.
constexpr const char* kForEachOpening = "PRAGMA synchronous=FULL";

/// Refuses what must not be opened as this run's ledger, before anything is made beside it.
Result<void> check_before_opening(const LedgerOptions& options) {
  if (LedgerDatabase::exists(options.path + "-journal", options.vfs)) {
    return {};  // a crash ended the very creation, and only a writer can take that back
  }
  auto database = LedgerDatabase::open_read_only(options.path, options.vfs, options.busy_timeout);
  if (!database.ok()) {
    return database.error().code == Errc::not_found ? Result<void>() : database.error();
  }
  const auto made = is_ledger(*database, options.run_id);
  return made.ok() ? Result<void>() : made.error();
}

}  // namespace

struct Ledger::Impl {
  struct Batch {
    std::vector<LedgerEvent> events;
    std::function<void()> then;
  };

  Impl(LedgerDatabase opened, const LedgerOptions& options)
      : database(std::move(opened)),
        gather(options.gather),
        checkpoint_pages(options.checkpoint_pages) {}
  ~Impl();

  Result<void> prepare();
  Result<std::uint64_t> next_number(std::uint32_t shard);
  Result<void> insert(const LedgerEvent& event);
  Result<void> insert_all(const std::vector<Batch>& batches);
  Result<void> commit(const std::vector<Batch>& batches);
  void work(std::vector<Batch>& batches);
  void fail(const Error& error);
  void run();

  std::mutex database_mutex;  // the one connection: the thread's commits and records()
  LedgerDatabase database;
  LedgerStatement insert_record;
  LedgerStatement insert_lease;
  LedgerStatement last_key;
  LedgerStatement select_records;
  /// The number that the next record of a shard gets; for shards that were written.
  std::unordered_map<std::uint32_t, std::uint64_t> next_numbers;
  const Duration gather;
  const int checkpoint_pages;

  std::mutex mutex;
  std::condition_variable work_came;
  std::condition_variable work_done;
  std::vector<Batch> queue;           // guarded by mutex
  std::uint64_t queued = 0;           // guarded by mutex: batches ever queued
  std::uint64_t finished = 0;         // guarded by mutex: of these, how many were dealt with
  std::uint32_t waiting = 0;          // guarded by mutex: callers of flush() that wait
  bool urgent = false;                // guarded by mutex: what is queued waits for no company
  bool stopping = false;              // guarded by mutex
  std::function<void(Error)> failed;  // guarded by mutex
  std::optional<Error> failure;       // guarded by mutex: set once, then nothing is committed
  std::atomic<std::uint64_t> commits = 0;
  std::atomic<std::uint64_t> records_committed = 0;
  std::atomic<std::uint64_t> leases_committed = 0;
  std::thread thread;
};

Ledger::Impl::~Impl() {
  if (thread.joinable()) {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    work_came.notify_all();
    thread.join();
    FD_FAILPOINT("k11.ledger_before_checkpoint");
  }
}

Result<void> Ledger::Impl::prepare() {
  FD_TRY(insert_record, database.prepare(kInsertLedgerRecord));
  FD_TRY(insert_lease, database.prepare(kInsertLedgerLease));
  FD_TRY(last_key, database.prepare("SELECT seq FROM records WHERE seq BETWEEN ? AND ? "
                                    "ORDER BY seq DESC LIMIT 1"));
  FD_TRY(select_records, database.prepare("SELECT seq, body FROM records "
                                          "WHERE seq BETWEEN ? AND ? ORDER BY seq"));
  return {};
}

/// Returns the number that the next record of `shard` gets, and counts it as given.
Result<std::uint64_t> Ledger::Impl::next_number(std::uint32_t shard) {
  const auto known = next_numbers.find(shard);
  if (known != next_numbers.end()) {
    return known->second++;
  }
  FD_TRY(const std::uint64_t first, ledger_key(shard, 0));
  last_key.bind(1, first).bind(2, first | (kLedgerRecordsPerShardMax - 1));
  const auto found = last_key.step();
  const std::uint64_t number =
      found.ok() && *found ? std::uint64_t{number_of_ledger_key(last_key.number(0))} + 1 : 0;
  last_key.reset();
  if (!found.ok()) {
    return found.error();
  }
  next_numbers[shard] = number + 1;
  return number;
}

Result<void> Ledger::Impl::insert(const LedgerEvent& event) {
  if (const auto* lease = std::get_if<LeaseGranted>(&event)) {
    return insert_ledger_lease(insert_lease, *lease);
  }
  if (const auto* made = std::get_if<Decision>(&event)) {
    return insert_ledger_decision(database, *made);
  }
  const Record& record = std::get<Record>(event);
  FD_TRY(const std::uint64_t number, next_number(record.shard));
  FD_TRY(const std::uint64_t key, ledger_key(record.shard, number));
  return insert_ledger_record(insert_record, key, record);
}

Result<void> Ledger::Impl::insert_all(const std::vector<Batch>& batches) {
  for (const Batch& batch : batches) {
    for (const LedgerEvent& event : batch.events) {
      FD_TRY_VOID(insert(event));
    }
  }
  return {};
}

/// Commits the batches as one transaction.
Result<void> Ledger::Impl::commit(const std::vector<Batch>& batches) {
  std::uint64_t records = 0;
  std::uint64_t leases = 0;
  std::uint64_t events = 0;
  for (const Batch& batch : batches) {
    events += batch.events.size();
    for (const LedgerEvent& event : batch.events) {
      records += std::holds_alternative<Record>(event) ? 1 : 0;
      leases += std::holds_alternative<LeaseGranted>(event) ? 1 : 0;
    }
  }
  if (events == 0) {
    return {};
  }
  const std::lock_guard lock(database_mutex);
  FD_TRY_VOID(database.exec("BEGIN IMMEDIATE"));
  Result<void> done = insert_all(batches);
  if (done.ok()) {
    FD_FAILPOINT("k08.ledger_before_commit");
    const int code = FD_FAILPOINT_ERROR("ledger.commit_error");
    done = code == 0 ? database.exec("COMMIT")
                     : Error{Errc::storage, database.path() + ": " + std::strerror(code)};
  }
  if (!done.ok()) {
    database.rollback();
    return done;
  }
  commits += 1;
  records_committed += records;
  leases_committed += leases;
  return {};
}

/// After a failed commit nothing may be acknowledged, whatever later commits would say: the kernel
/// reports a lost write once and forgets it. For the same reason closing must not write any more.
void Ledger::Impl::fail(const Error& error) {
  {
    const std::lock_guard lock(database_mutex);
    database.settle_on_close(false);
  }
  std::function<void(Error)> report;
  {
    const std::lock_guard lock(mutex);
    failure = error;
    report = failed;
  }
  if (report) {
    report(error);
  }
}

void Ledger::Impl::work(std::vector<Batch>& batches) {
  if (const auto committed = commit(batches); !committed.ok()) {
    fail(committed.error());
    return;
  }
  for (const Batch& batch : batches) {
    if (batch.then) {
      batch.then();
    }
  }
  // Behind the acknowledgements, so that nobody waits for it.
  Result<void> moved;
  if (database.wal_pages() >= checkpoint_pages) {
    const std::lock_guard lock(database_mutex);
    moved = database.checkpoint();
  }
  if (!moved.ok()) {
    fail(moved.error());
  }
}

void Ledger::Impl::run() {
  std::vector<Batch> batches;
  std::unique_lock lock(mutex);
  for (;;) {
    work_came.wait(lock, [&] { return stopping || !queue.empty(); });
    if (queue.empty()) {
      return;
    }
    if (gather > Duration::zero()) {
      work_came.wait_for(lock, gather, [&] { return stopping || waiting > 0 || urgent; });
    }
    batches.swap(queue);
    urgent = false;
    const bool working = !failure.has_value();
    lock.unlock();
    if (working) {
      work(batches);
    }
    const std::size_t count = batches.size();
    batches.clear();  // with what the callbacks hold, before anybody is told
    lock.lock();
    finished += count;
    work_done.notify_all();
  }
}

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(const LedgerOptions& options, LedgerStart& start) {
  FD_TRY_VOID(check_before_opening(options));
  FD_TRY(LedgerDatabase database,
         LedgerDatabase::open(options.path, options.vfs, options.busy_timeout));
  FD_TRY(const bool made, is_ledger(database, options.run_id));
  if (!made) {
    FD_TRY_VOID(database.exec(kForNewFile));
  }
  FD_TRY(const std::string mode, database.text("PRAGMA journal_mode=WAL"));
  if (mode != "wal") {
    return Error{Errc::storage, options.path +
                                    ": this file system has no shared memory, which a "
                                    "write-ahead log needs (a network folder?)"};
  }
  FD_TRY_VOID(database.exec(kForEachOpening));
  if (!made) {
    FD_TRY_VOID(make_ledger(database, options.run_id, options.random() | 1));
  }
  FD_TRY(LedgerLeases leases, read_ledger_leases(database));
  FD_TRY(start.shares, open_shares(database));
  FD_TRY(start.ledger, ledger_id_of(database));
  start.start = options.random() | 1;
  FD_TRY(start.epoch, add_ledger_epoch(database, start.start, leases.last_fence));
  start.last_fence = leases.last_fence;
  start.leases = std::move(leases.last);
  database.settle_on_close(true);
  auto impl = std::make_unique<Impl>(std::move(database), options);
  FD_TRY_VOID(impl->prepare());
  impl->thread = std::thread([raw = impl.get()] {
    name_thread("fd-ledger");
    raw->run();
  });
  return std::unique_ptr<Ledger>(new Ledger(std::move(impl)));
}

void Ledger::append(std::vector<LedgerEvent> events, std::function<void()> then) {
  // A worker waits for its lease with nothing to do.
  const bool urgent = brings<LeaseGranted>(events) || brings<Decision>(events);
  bool wake = false;
  {
    const std::lock_guard lock(impl_->mutex);
    wake = impl_->queue.empty() || (urgent && !impl_->urgent);
    impl_->urgent = impl_->urgent || urgent;
    impl_->queue.push_back({std::move(events), std::move(then)});
    impl_->queued += 1;
  }
  if (wake) {  // otherwise the thread knows, or gathers
    impl_->work_came.notify_one();
  }
}

void Ledger::on_failure(std::function<void(Error)> callback) {
  const std::lock_guard lock(impl_->mutex);
  impl_->failed = std::move(callback);
}

Result<void> Ledger::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->waiting += 1;
  impl_->work_came.notify_one();  // no need to gather more
  impl_->work_done.wait(lock, [&, before = impl_->queued] { return impl_->finished >= before; });
  impl_->waiting -= 1;
  return impl_->failure ? Result<void>(*impl_->failure) : Result<void>();
}

Result<std::vector<Record>> Ledger::records(std::uint32_t shard) {
  const std::lock_guard lock(impl_->database_mutex);
  LedgerStatement& rows = impl_->select_records;
  FD_TRY(const std::uint64_t first, ledger_key(shard, 0));
  rows.bind(1, first).bind(2, first | (kLedgerRecordsPerShardMax - 1));
  LedgerRecordReader reader(impl_->database, rows);
  std::vector<Record> records;
  Result<std::optional<Record>> next = reader.next();
  for (; next.ok() && *next; next = reader.next()) {
    records.push_back(std::move(**next));
  }
  rows.reset();
  return next.ok() ? Result<std::vector<Record>>(std::move(records)) : next.error();
}

LedgerCounts Ledger::counts() const {
  return {impl_->commits, impl_->records_committed, impl_->leases_committed};
}

}  // namespace fd
