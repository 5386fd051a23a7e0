#include "coordinator/control/connected_worker.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace fd {
namespace {

/// States whose arrival is remembered until the worker confirms our answer.
constexpr std::size_t kStatesMax = 256;

}  // namespace

void ConnectedWorker::share(Instant now, CallsByProvider calls) {
  shared = shared_for(now);
  shared_until = now;
  shares = std::move(calls);
  slots = std::accumulate(shares.begin(), shares.end(), 0u);
}

void ConnectedWorker::take(Instant now, const StateArrived& event, const Digest& config,
                           const Speaker& us) {
  peer = event.peer;
  state = event.state;
  last_seen = now;
  last_state = now;
  ready = state.config == config;
  knows_start = event.from.ledger == us.ledger && event.from.start == us.start;
  arrivals[state.seq] = now;
  if (const auto heard = arrivals.find(state.heard); heard != arrivals.end()) {
    last_confirmed = std::max(last_confirmed, heard->second);
    hears = true;
    arrivals.erase(arrivals.begin(), heard);
  }
  while (arrivals.size() > kStatesMax) {
    arrivals.erase(arrivals.begin());
  }
  while (knows_start && !unheard.empty() && unheard.front().number <= state.share_heard) {
    unheard.pop_front();
  }
  held.clear();
  for (const HeldLease& lease : state.leases) {
    held[lease.shard] = lease;
  }
}

}  // namespace fd
