#include "coordinator/control/lease_table.hpp"

#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

const std::set<std::uint32_t> kNone;

template <class Key>
const std::set<std::uint32_t>& find_in(const std::map<Key, std::set<std::uint32_t>>& index,
                                       const Key& key) {
  const auto found = index.find(key);
  return found == index.end() ? kNone : found->second;
}

template <class Key>
void erase_from(std::map<Key, std::set<std::uint32_t>>& index, const Key& key,
                std::uint32_t shard) {
  const auto found = index.find(key);
  FD_CHECK(found != index.end() && found->second.erase(shard) == 1);
  if (found->second.empty()) {
    index.erase(found);
  }
}

}  // namespace

LeaseTable::LeaseTable(const std::vector<ShardSeed>& seeds, std::uint64_t last_fence, Instant until)
    : fence_(last_fence) {
  states_.reserve(seeds.size());
  for (const ShardSeed& seed : seeds) {
    const std::uint32_t shard = size();
    if (seed.committed) {
      states_.emplace_back(Committed{});
      ++committed_;
    } else if (seed.holder && !FD_MUTANT(orphan_given_away)) {
      FD_CHECK(seed.holder->shard == shard && seed.holder->fence <= last_fence);
      states_.emplace_back(Awaited{*seed.holder, until});
      awaited_[seed.holder->worker].insert(shard);
    } else {
      states_.emplace_back(Pending{});
      pending_.insert(shard);
    }
  }
}

bool LeaseTable::open(std::uint32_t shard) const {
  const State& state = states_.at(shard);
  return !std::holds_alternative<Writing>(state) && !std::holds_alternative<Committed>(state);
}

bool LeaseTable::holds(std::uint64_t incarnation, std::uint32_t shard, std::uint64_t fence) const {
  const Leased* live = lease(shard);
  return live != nullptr && live->incarnation == incarnation && live->fence == fence;
}

std::optional<std::uint32_t> LeaseTable::first_pending() const {
  return pending_.empty() ? std::nullopt : std::optional(*pending_.begin());
}

const std::set<std::uint32_t>& LeaseTable::held_by(std::uint64_t incarnation) const {
  return find_in(held_, incarnation);
}

const std::set<std::uint32_t>& LeaseTable::awaited_by(const std::string& name) const {
  return find_in(awaited_, name);
}

void LeaseTable::leave(std::uint32_t shard) {
  State& state = states_.at(shard);
  if (std::holds_alternative<Pending>(state)) {
    FD_CHECK(pending_.erase(shard) == 1);
  } else if (const auto* awaited = std::get_if<Awaited>(&state)) {
    erase_from(awaited_, awaited->lease.worker, shard);
  } else {
    const auto* leased = std::get_if<Leased>(&state);
    FD_CHECK(leased != nullptr);
    erase_from(held_, leased->incarnation, shard);
  }
}

LeaseGranted LeaseTable::grant(std::uint32_t shard, std::uint64_t incarnation,
                               const std::string& worker) {
  leave(shard);
  states_[shard] = Leased{incarnation, ++fence_};
  held_[incarnation].insert(shard);
  return {shard, fence_, worker, incarnation};
}

bool LeaseTable::adopt(std::uint32_t shard, std::uint64_t incarnation, std::uint64_t fence) {
  if (shard >= states_.size()) {
    return false;
  }
  const auto* awaited = std::get_if<Awaited>(&states_[shard]);
  if (awaited == nullptr || awaited->lease.incarnation != incarnation ||
      awaited->lease.fence != fence) {
    return false;
  }
  leave(shard);
  states_[shard] = Leased{incarnation, fence};
  held_[incarnation].insert(shard);
  return true;
}

void LeaseTable::await(std::uint32_t shard, const std::string& worker, Instant until) {
  const Leased* live = lease(shard);
  FD_CHECK(live != nullptr);
  const LeaseGranted last{shard, live->fence, worker, live->incarnation};
  leave(shard);
  states_[shard] = Awaited{last, until};
  awaited_[worker].insert(shard);
}

void LeaseTable::release(std::uint32_t shard) {
  leave(shard);
  states_[shard] = Pending{};
  pending_.insert(shard);
}

std::uint32_t LeaseTable::release_overdue(Instant now) {
  std::vector<std::uint32_t> overdue;
  for (const auto& [name, shards] : awaited_) {
    for (const std::uint32_t shard : shards) {
      if (std::get<Awaited>(states_[shard]).until <= now) {
        overdue.push_back(shard);
      }
    }
  }
  for (const std::uint32_t shard : overdue) {
    release(shard);
  }
  return static_cast<std::uint32_t>(overdue.size());
}

void LeaseTable::postpone(Duration pause) {
  for (const auto& [name, shards] : awaited_) {
    for (const std::uint32_t shard : shards) {
      std::get<Awaited>(states_[shard]).until += pause;
    }
  }
}

void LeaseTable::write(std::uint32_t shard) {
  leave(shard);
  states_[shard] = Writing{};
  ++writing_;
}

void LeaseTable::commit(std::uint32_t shard) {
  FD_CHECK(std::holds_alternative<Writing>(states_.at(shard)));
  states_[shard] = Committed{};
  --writing_;
  ++committed_;
}

}  // namespace fd
