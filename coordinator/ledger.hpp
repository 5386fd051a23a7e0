#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/coordinator_core.hpp"
#include "protocol/result.hpp"

namespace fd {

/// What the ledger knows when a coordinator opens it.
struct LedgerStart {
  std::uint64_t epoch = 0;       ///< of this start: already committed, higher than any before
  std::uint64_t last_fence = 0;  ///< the highest fence ever given
};

/// The coordinator's durable state: append-only tables in SQLite (WAL, synchronous=FULL), one
/// connection, changed by one thread that commits everything that is waiting at once (group
/// commit). A row is of use only once commit returned: what must not leave before it is passed as
/// `then`.
class Ledger {
 public:
  /// Opens or makes the ledger at `path` and commits a new epoch.
  /// Errors: storage; corrupt; unsupported (written by a newer version).
  static Result<std::unique_ptr<Ledger>> open(const std::string& path, LedgerStart& start);
  /// Commits what is queued, then closes.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Queues `events`; `then` is called on the ledger's thread once they are committed, in the order
  /// of the calls. With no events, `then` still waits for everything queued before. Thread: any.
  void append(std::vector<LedgerEvent> events, std::function<void()> then);

  /// Returns the records of a shard in the order of their commits. Waits for what is queued.
  /// Errors: storage, corrupt. Thread: any.
  Result<std::vector<Record>> records(std::uint32_t shard);

  /// Called once, on the ledger's thread, when a commit failed: nothing is committed any more.
  void on_failure(std::function<void(Error)> callback);

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd
