#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/system/clock.hpp"
#include "actors/system/incarnation.hpp"
#include "coordinator/ledger/ledger_event.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Which ledger to open, and how.
struct LedgerOptions {
  std::string path;
  std::string run_id;  ///< whose ledger it is, or will be
  std::string vfs;     ///< SQLite's file system layer by name; empty: its default
  /// How long a commit of records waits for company: a sync costs the same for one as for hundreds.
  /// One that brings a lease does not wait: a worker has nothing to do meanwhile.
  Duration gather = std::chrono::milliseconds(10);
  /// Where its random ids come from.
  std::function<std::uint64_t()> random = random_u64;
  /// Pages in the write-ahead log from which on they are moved into the database file.
  int checkpoint_pages = 1000;
  /// How long to wait for another process that holds the file.
  Duration busy_timeout = std::chrono::seconds(2);
};

/// What the ledger knows when a coordinator opens it.
struct LedgerStart {
  std::uint64_t epoch = 0;           ///< of this start: already committed, higher than any before
  std::uint64_t ledger = 0;          ///< random, made with the ledger; never 0
  std::uint64_t start = 0;           ///< random, made now; never 0
  std::uint64_t last_fence = 0;      ///< the highest fence ever given
  std::vector<LeaseGranted> leases;  ///< the last one of every shard that ever had one, by shard
  OpenShares shares;                 ///< calls that earlier processes may have made
};

/// What a ledger has committed since it was opened.
struct LedgerCounts {
  std::uint64_t commits = 0;  ///< transactions, each with one sync
  std::uint64_t records = 0;
  std::uint64_t leases = 0;
};

/// The coordinator's durable state: append-only tables in SQLite (WAL, synchronous=FULL), one
/// connection, changed by one thread that commits everything that is waiting at once (group
/// commit). A row is of use only once commit returned: what must not leave before it is passed as
/// `then`.
class Ledger {
 public:
  /// Opens or makes the ledger of a run and commits a new epoch. Errors: storage; busy (another
  /// process holds it); corrupt (also: another run's); unsupported (another version's). A file that
  /// is refused is not changed.
  static Result<std::unique_ptr<Ledger>> open(const LedgerOptions& options, LedgerStart& start);
  /// Commits what is queued, then closes: everything is in the one file at `path` then, unless a
  /// commit failed or another process has it open.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Queues `events`; `then` is called on the ledger's thread once they are committed, in the order
  /// of the calls. With no events, `then` still waits for everything queued before. Thread: any.
  void append(std::vector<LedgerEvent> events, std::function<void()> then);

  /// Waits until all that was queued before is committed. Errors: that of the commit that failed.
  /// Thread: any but the ledger's.
  Result<void> flush();

  /// Returns the committed records of a shard in the order of their commits. Does not wait for what
  /// is queued: a coordinator reads a shard before it appends anything to it (CoordinatorCore keeps
  /// what comes for a shard until that is read), and reads it once. Waits for the commit under way.
  /// Errors: corrupt, naming the row; storage. Thread: any but the ledger's.
  Result<std::vector<Record>> records(std::uint32_t shard);

  /// Called once, on the ledger's thread, when a commit failed: nothing is committed any more.
  void on_failure(std::function<void(Error)> callback);

  /// Returns what was committed so far. Thread: any.
  [[nodiscard]] LedgerCounts counts() const;

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Checks a ledger from end to end, without changing it: SQLite's own structures, the checksum and
/// the decoding of every row, no gap in any shard's records, fences and epochs. Returns how many
/// records and leases it has. Errors: corrupt, naming file, row and, where it is known, the byte;
/// busy (another process changes it); not_found; unsupported (another schema); storage.
Result<std::uint64_t> verify_ledger(const std::string& path, const std::string& run_id,
                                    const std::string& vfs = {});

}  // namespace fd
