#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/system/clock.hpp"
#include "coordinator/ledger/ledger_event.hpp"

namespace fd {

/// A shard as the run starts.
struct ShardSeed {
  std::uint32_t count = 0;  ///< samples
  bool committed = false;   ///< its files are written, without a failed sample
  /// The last lease that an earlier coordinator gave, if its holder may still be at work.
  std::optional<LeaseGranted> holder = std::nullopt;
};

/// Who holds which shard. Each change is one named transition; what a transition requires is
/// checked, so a shard never has two live leases and fences only rise. Pure.
class LeaseTable {
 public:
  struct Pending {};
  /// Kept for the worker that held it: for its next incarnation, or for this very one when the
  /// coordinator was restarted and has not heard of it yet.
  struct Awaited {
    LeaseGranted lease;
    Instant until;
  };
  struct Leased {
    std::uint64_t incarnation = 0;
    std::uint64_t fence = 0;
  };
  struct Writing {};
  struct Committed {};
  using State = std::variant<Pending, Awaited, Leased, Writing, Committed>;

  /// Seeds with a holder are awaited until `until`.
  LeaseTable(const std::vector<ShardSeed>& seeds, std::uint64_t last_fence, Instant until);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(states_.size()); }
  [[nodiscard]] const State& state(std::uint32_t shard) const { return states_.at(shard); }
  [[nodiscard]] bool open(std::uint32_t shard) const;  ///< neither being written nor committed
  /// Returns the live lease of a shard, or null.
  [[nodiscard]] const Leased* lease(std::uint32_t shard) const {
    return std::get_if<Leased>(&states_.at(shard));
  }
  [[nodiscard]] bool holds(std::uint64_t incarnation, std::uint32_t shard,
                           std::uint64_t fence) const;
  [[nodiscard]] std::uint32_t committed() const { return committed_; }
  [[nodiscard]] std::uint32_t writing() const { return writing_; }
  [[nodiscard]] std::optional<std::uint32_t> first_pending() const;
  /// The shards that `incarnation` holds, lowest first.
  [[nodiscard]] const std::set<std::uint32_t>& held_by(std::uint64_t incarnation) const;
  /// The shards kept for the worker `name`, lowest first.
  [[nodiscard]] const std::set<std::uint32_t>& awaited_by(const std::string& name) const;

  /// Leases an open shard under a new fence, whatever it was before.
  LeaseGranted grant(std::uint32_t shard, std::uint64_t incarnation, const std::string& worker);
  /// Gives an awaited shard back to the very holder it is kept for, under its old fence. Returns
  /// whether (incarnation, fence) is that holder.
  bool adopt(std::uint32_t shard, std::uint64_t incarnation, std::uint64_t fence);
  /// Keeps a leased shard for the next incarnation of `worker`. Requires: it is leased.
  void await(std::uint32_t shard, const std::string& worker, Instant until);
  /// Frees an open shard for whoever comes first.
  void release(std::uint32_t shard);
  /// Frees what was awaited until `now` or earlier; returns how many shards.
  std::uint32_t release_overdue(Instant now);
  /// Moves every deadline: nobody could be heard of for `pause`.
  void postpone(Duration pause);
  /// Every sample has its outcome: the files are being written. Requires: it is open.
  void write(std::uint32_t shard);
  /// The files are written. Requires: they were being written.
  void commit(std::uint32_t shard);

 private:
  void leave(std::uint32_t shard);  ///< takes an open shard out of the index it stands in

  std::vector<State> states_;
  std::uint64_t fence_ = 0;
  std::uint32_t committed_ = 0;
  std::uint32_t writing_ = 0;
  std::set<std::uint32_t> pending_;
  std::map<std::uint64_t, std::set<std::uint32_t>> held_;
  std::map<std::string, std::set<std::uint32_t>> awaited_;
};

}  // namespace fd
