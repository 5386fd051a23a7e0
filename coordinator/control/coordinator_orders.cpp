// The part of CoordinatorCore that tells the workers and the status what stands.

#include <algorithm>

#include "coordinator/control/coordinator_core.hpp"

namespace fd {

Order CoordinatorCore::order_for(Instant now, std::uint64_t incarnation,
                                 const ConnectedWorker& worker) const {
  Order order;
  order.ack_seq = worker.state.seq;
  order.config = config_.config;
  order.ttl_ms = static_cast<std::uint32_t>(config_.ttl / std::chrono::milliseconds(1));
  order.heartbeat_ms = static_cast<std::uint32_t>(config_.heartbeat / std::chrono::milliseconds(1));
  order.drain = draining_;
  order.run_over = finished();
  order.peers = peers_of(incarnation);
  if (now - worker.last_confirmed > config_.ttl && !FD_MUTANT(deaf_worker_kept_in_leases)) {
    return order;  // an order that got through now would renew what is soon another worker's
  }
  for (const std::uint32_t shard : leases_.held_by(incarnation)) {
    const std::uint64_t fence = leases_.lease(shard)->fence;
    if (fence <= durable_fence_ || FD_MUTANT(order_before_lease)) {
      order.leases.push_back({shard, fence, shards_[shard].count});
    }
  }
  return order;
}

/// An order waits for no disk, or a slow one would let every lease lapse; so it is sent without the
/// leases that are on their way there, and once more when they are.
void CoordinatorCore::on(Instant now, LeasesDurable& event, CoordinatorEffects& effects) {
  const std::uint64_t before = durable_fence_;
  durable_fence_ = std::max(before, event.fence);
  std::set<std::uint64_t> told;
  for (const ShareGranted& share : event.shares) {
    if (const auto worker = workers_.find(share.incarnation);
        worker != workers_.end() && share.calls > worker->second.doubt_durable) {
      worker->second.doubt_durable = share.calls;
      told.insert(share.incarnation);
    }
  }
  for (const std::uint64_t incarnation : joined_) {
    const std::set<std::uint32_t>& held = leases_.held_by(incarnation);
    if (told.contains(incarnation) ||
        std::any_of(held.begin(), held.end(), [&](std::uint32_t shard) {
          const std::uint64_t fence = leases_.lease(shard)->fence;
          return fence > before && fence <= event.fence;
        })) {
      send_order(now, incarnation, workers_.at(incarnation), effects);
    }
  }
}

/// Returns the other workers that serve peers, or that peers must know by their key.
std::vector<PeerInfo> CoordinatorCore::peers_of(std::uint64_t incarnation) const {
  std::vector<PeerInfo> peers;
  for (const std::uint64_t other : joined_) {
    const ConnectedWorker& worker = workers_.at(other);
    const WorkerState& state = worker.state;
    const bool known = !state.peer_endpoint.empty() || !state.peer_key.empty();
    if (other != incarnation && known && worker.ready && !state.leaving &&
        peers.size() < kMaxPeers) {
      peers.push_back(
          {worker.name, state.peer_endpoint, state.peer_key, state.stages, other, state.threads});
    }
  }
  return peers;
}

/// Returns the workers that stay, as far as who serves what goes.
std::vector<StageNode> CoordinatorCore::nodes() const {
  std::vector<StageNode> nodes;
  for (const std::uint64_t incarnation : joined_) {
    const ConnectedWorker& worker = workers_.at(incarnation);
    const WorkerState& state = worker.state;
    if (!state.leaving) {
      nodes.push_back({incarnation, worker.name, state.stages, !state.peer_endpoint.empty(),
                       !leases_.held_by(incarnation).empty()});
    }
  }
  return nodes;
}

void TeacherTime::add(const ConnectedWorker& worker, Instant now) {
  if (holds_leases(worker.state.stages)) {
    full_ms += worker.full_ms();
    shared_ms += static_cast<std::uint64_t>(worker.shared_for(now) / std::chrono::milliseconds(1));
  }
}

CoordinatorView CoordinatorCore::view(Instant now) const {
  CoordinatorView view;
  view.shards_committed = leases_.committed();
  view.teacher = teacher_gone_;
  view.idle = true;
  for (const std::uint64_t incarnation : joined_) {
    const ConnectedWorker& worker = workers_.at(incarnation);
    const WorkerState& state = worker.state;
    std::uint32_t outstanding = 0;
    for (const auto& [shard, lease] : worker.held) {
      outstanding += lease.outstanding;
    }
    view.in_flight += state.in_flight;
    view.teacher.add(worker, now);
    view.idle =
        view.idle && (state.draining || state.leaving) && outstanding == 0 && worker.settled();
    const Duration silent = std::max(now - worker.last_seen, Duration::zero());
    view.workers.push_back({worker.name,
                            static_cast<std::uint32_t>(leases_.held_by(incarnation).size()),
                            state.in_flight, worker.slots,
                            static_cast<std::uint64_t>(silent / std::chrono::milliseconds(1)),
                            state.stages, state.peer_endpoint, state.serving, state.served});
  }
  return view;
}

}  // namespace fd
