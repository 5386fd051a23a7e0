#include "coordinator/ledger.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <sqlite3.h>

#include "protocol/messages.hpp"

namespace fd {
namespace {

constexpr int kSchemaVersion = 1;
constexpr int kBusyTimeoutMs = 2000;
/// How long a commit waits for company: a sync costs the same for one record as for hundreds.
constexpr std::chrono::milliseconds kGather{10};

// Rows are only ever added. body is a msgpack Record (docs/protocol.md).
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS records(seq INTEGER PRIMARY KEY, shard INTEGER NOT NULL, body BLOB "
    "NOT NULL);"
    "CREATE TABLE IF NOT EXISTS leases(fence INTEGER PRIMARY KEY, shard INTEGER NOT NULL, worker "
    "TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS epochs(epoch INTEGER PRIMARY KEY);";

/// Serves a resume, which reads by shard; a run that is never resumed does without its cost.
constexpr const char* kIndex = "CREATE INDEX IF NOT EXISTS records_by_shard ON records(shard)";

struct Statement {
  sqlite3_stmt* handle = nullptr;
  ~Statement() { sqlite3_finalize(handle); }
};

}  // namespace

struct Ledger::Impl {
  struct Batch {
    std::vector<LedgerEvent> events;
    std::function<void()> then;
  };

  std::string path;
  sqlite3* db = nullptr;
  std::mutex db_mutex;  // the one connection: the thread's commits and records()
  Statement insert_record;
  Statement insert_lease;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Batch> queue;            // guarded by mutex
  bool stopping = false;              // guarded by mutex
  bool busy = false;                  // guarded by mutex: a commit is under way
  std::function<void(Error)> failed;  // guarded by mutex
  bool broken = false;                // of the thread
  std::thread thread;

  ~Impl() {
    if (thread.joinable()) {
      {
        const std::lock_guard lock(mutex);
        stopping = true;
      }
      changed.notify_all();
      thread.join();
    }
    sqlite3_finalize(std::exchange(insert_record.handle, nullptr));
    sqlite3_finalize(std::exchange(insert_lease.handle, nullptr));
    sqlite3_close_v2(db);
  }

  Error error(Errc code) const {
    return Error{code, path + ": " + (db != nullptr ? sqlite3_errmsg(db) : "out of memory")};
  }

  Result<void> exec(const char* sql) {
    if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      const int code = sqlite3_errcode(db);
      return error(code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? Errc::corrupt : Errc::storage);
    }
    return {};
  }

  Result<std::uint64_t> number(const char* sql) {
    Statement statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement.handle, nullptr) != SQLITE_OK ||
        sqlite3_step(statement.handle) != SQLITE_ROW) {
      return error(Errc::storage);
    }
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement.handle, 0));
  }

  Result<void> prepare() {
    FD_TRY_VOID(exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"));
    FD_TRY(const std::uint64_t version, number("PRAGMA user_version"));
    if (version > kSchemaVersion) {
      return Error{Errc::unsupported, path + ": written by a newer version (schema " +
                                          std::to_string(version) + ", this program knows " +
                                          std::to_string(kSchemaVersion) + ")"};
    }
    FD_TRY_VOID(exec("BEGIN IMMEDIATE"));
    FD_TRY_VOID(exec(kSchema));
    FD_TRY_VOID(exec("PRAGMA user_version=1"));
    FD_TRY_VOID(exec("INSERT INTO epochs SELECT COALESCE(MAX(epoch), 0) + 1 FROM epochs"));
    FD_TRY_VOID(exec("COMMIT"));
    if (sqlite3_prepare_v2(db, "INSERT INTO records(shard, body) VALUES(?, ?)", -1,
                           &insert_record.handle, nullptr) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO leases(fence, shard, worker) VALUES(?, ?, ?)", -1,
                           &insert_lease.handle, nullptr) != SQLITE_OK) {
      return error(Errc::storage);
    }
    return {};
  }

  bool insert(const LedgerEvent& event) {
    sqlite3_stmt* statement = nullptr;
    std::string body;
    if (const auto* record = std::get_if<Record>(&event)) {
      statement = insert_record.handle;
      body = encode(*record);
      sqlite3_bind_int64(statement, 1, record->shard);
      sqlite3_bind_blob64(statement, 2, body.data(), body.size(), SQLITE_STATIC);
    } else {
      const auto& lease = std::get<LeaseGranted>(event);
      statement = insert_lease.handle;
      sqlite3_bind_int64(statement, 1, static_cast<sqlite3_int64>(lease.fence));
      sqlite3_bind_int64(statement, 2, lease.shard);
      sqlite3_bind_text(statement, 3, lease.worker.data(), static_cast<int>(lease.worker.size()),
                        SQLITE_STATIC);
    }
    const bool done = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    return done;
  }

  /// Commits the batches as one transaction.
  Result<void> commit(const std::deque<Batch>& batches) {
    bool any = false;
    for (const Batch& batch : batches) {
      any = any || !batch.events.empty();
    }
    if (!any) {
      return {};
    }
    const std::lock_guard lock(db_mutex);
    FD_TRY_VOID(exec("BEGIN IMMEDIATE"));
    for (const Batch& batch : batches) {
      for (const LedgerEvent& event : batch.events) {
        if (!insert(event)) {
          return error(Errc::storage);
        }
      }
    }
    return exec("COMMIT");
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return stopping || !queue.empty(); });
      if (queue.empty()) {
        return;
      }
      busy = true;
      changed.wait_for(lock, kGather, [&] { return stopping; });
      std::deque<Batch> batches;
      batches.swap(queue);
      const auto report = failed;
      lock.unlock();
      if (!broken) {
        // After a failed commit nothing may be acknowledged, whatever later commits say.
        if (const auto committed = commit(batches); !committed.ok()) {
          broken = true;
          if (report) {
            report(committed.error());
          }
        }
      }
      for (const Batch& batch : batches) {
        if (!broken && batch.then) {
          batch.then();
        }
      }
      lock.lock();
      busy = false;
      changed.notify_all();
    }
  }
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& path, LedgerStart& start) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
  if (sqlite3_open_v2(path.c_str(), &impl->db, flags, nullptr) != SQLITE_OK) {
    return impl->error(Errc::storage);
  }
  sqlite3_busy_timeout(impl->db, kBusyTimeoutMs);
  FD_TRY_VOID(impl->prepare());
  FD_TRY(start.epoch, impl->number("SELECT MAX(epoch) FROM epochs"));
  FD_TRY(start.last_fence, impl->number("SELECT COALESCE(MAX(fence), 0) FROM leases"));
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<Ledger>(new Ledger(std::move(impl)));
}

void Ledger::append(std::vector<LedgerEvent> events, std::function<void()> then) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->queue.push_back({std::move(events), std::move(then)});
  }
  impl_->changed.notify_all();
}

void Ledger::on_failure(std::function<void(Error)> callback) {
  const std::lock_guard lock(impl_->mutex);
  impl_->failed = std::move(callback);
}

Result<std::vector<Record>> Ledger::records(std::uint32_t shard) {
  {
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait(lock, [&] { return impl_->queue.empty() && !impl_->busy; });
  }
  const std::lock_guard lock(impl_->db_mutex);
  FD_TRY_VOID(impl_->exec(kIndex));
  Statement statement;
  if (sqlite3_prepare_v2(impl_->db, "SELECT seq, body FROM records WHERE shard = ? ORDER BY seq",
                         -1, &statement.handle, nullptr) != SQLITE_OK) {
    return impl_->error(Errc::storage);
  }
  sqlite3_bind_int64(statement.handle, 1, shard);
  std::vector<Record> records;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement.handle)) == SQLITE_ROW) {
    const auto* body = static_cast<const char*>(sqlite3_column_blob(statement.handle, 1));
    const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement.handle, 1));
    auto record = decode_record(std::string_view(body, bytes));
    if (!record.ok() || record->shard != shard) {
      return Error{Errc::corrupt, impl_->path + ": records row " +
                                      std::to_string(sqlite3_column_int64(statement.handle, 0)) +
                                      ": " +
                                      (record.ok() ? "of another shard" : record.error().message)};
    }
    records.push_back(std::move(record).value());
  }
  if (code != SQLITE_DONE) {
    return impl_->error(code == SQLITE_CORRUPT ? Errc::corrupt : Errc::storage);
  }
  return records;
}

}  // namespace fd
