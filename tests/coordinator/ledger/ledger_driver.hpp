#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "coordinator/ledger/ledger.hpp"

namespace fd {

/// What a caller hands to Ledger::append() at once.
using LedgerBatch = std::vector<LedgerEvent>;

/// Returns a record with an answer whose text is `text`.
Record answer_record(std::uint32_t shard, const std::string& text);

/// What a ledger holds, or must hold.
struct LedgerImage {
  std::map<std::uint32_t, std::vector<Record>> records;  ///< by shard; no empty lists
  std::map<std::uint32_t, LeaseGranted> leases;          ///< the last one, by shard
  OpenShares shares;                                     ///< those that are not settled

  void add(const LedgerBatch& batch);
};
/// Returns whether both hold the same.
bool same(const LedgerImage& left, const LedgerImage& right);

/// Returns what an opened ledger holds of the shards below `shards`. Errors: those of records().
Result<LedgerImage> read_image(Ledger& ledger, const LedgerStart& start, std::uint32_t shards);

/// Returns how many of `batches`, from the first on and at least `from`, give `image`; nothing when
/// no number does.
std::optional<std::size_t> prefix_of(const std::vector<LedgerBatch>& batches, std::size_t from,
                                     const LedgerImage& image);

/// Makes up batches: records of all kinds and sizes over a few shards, leases with rising
/// fences, and shares.
class LedgerEvents {
 public:
  LedgerEvents(std::uint64_t seed, std::uint32_t shards) : random_(seed), shards_(shards) {}
  LedgerBatch batch();
  /// Returns a number below `limit`.
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

 private:
  std::mt19937_64 random_;
  std::uint32_t shards_;
  std::uint64_t fence_ = 0;
  std::uint64_t count_ = 0;
};

/// Drives a ledger so that what goes into one transaction does not depend on the threads' timing.
class LedgerDriver {
 public:
  explicit LedgerDriver(Ledger& ledger);
  /// Hands `batches` over as one transaction and waits for it. Returns how many of them were
  /// acknowledged.
  std::size_t commit(const std::vector<LedgerBatch>& batches);
  /// Returns why nothing is committed any more.
  std::optional<Error> failure();

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool held = false;      ///< the ledger's thread stands still
    bool released = false;  ///< it may go on
    std::size_t acknowledged = 0;
    std::optional<Error> failure;
  };
  Ledger& ledger_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace fd
