#include "tests/sim/worker_peers.hpp"

#include <algorithm>
#include <utility>

#include "actors/pipeline/serve_stages.hpp"

namespace fd::sim {
namespace {

constexpr Time kServeMin = 1 * kMillisecond;
constexpr Time kServeMax = 30 * kMillisecond;

}  // namespace

SimChain::SimChain(Process& process, Services& services, const Log& log, Options options)
    : process_(process),
      services_(services),
      options_(std::move(options)),
      gates_(make_gates(options_.opened)),
      remote_(process, log, *this, options_.remote) {}

SimChain::~SimChain() {
  remote_.close();
  *open_ = false;
}

/// Runs the gates that are here, up to one that is not. Samples on their way to their calls pass
/// one gate.
void SimChain::pass(StageId stage, std::vector<WorkItem> items) {
  const bool to_ask = items.front().to_ask != nullptr;
  for (std::optional<StageId> next = stage; next; next = next_stage(*next)) {
    const auto gate = std::ranges::find(gates_, *next, [](const auto& one) { return one->id(); });
    if (gate == gates_.end()) {
      break;  // select
    }
    if (!options_.remote.local.contains(*next)) {
      remote_.take(*next, std::move(items), process_.now());
      return;
    }
    for (WorkItem& item : items) {
      (*gate)->process(item);
    }
    if (to_ask) {
      break;
    }
  }
  for (WorkItem& item : items) {
    (to_ask ? options_.to_ask : options_.finished)(std::move(item));
  }
}

Result<std::unique_ptr<Transport>> SimChain::connect(const PeerInfo& peer) {
  const auto receive = [this, open = open_, incarnation = peer.incarnation](std::string bytes) {
    process_.after(0, [this, open, incarnation, bytes = std::move(bytes)] {
      if (*open) {
        remote_.take(incarnation, bytes);
        remote_.flush();
      }
    });
  };
  return services_.peers.connect(options_.worker, options_.incarnation, peer.endpoint, receive);
}

void SimChain::wake_at(Instant due, std::uint64_t generation) {
  const Duration delay = std::max(due - process_.now(), Duration::zero());
  process_.after(process_.simulated(delay), [this, open = open_, generation] {
    if (*open) {
      remote_.wake(generation);
    }
  });
}

/// A hop later, as to an actor.
void SimChain::hand_on(StageId next, std::vector<WorkItem> items) {
  process_.after(0, [this, open = open_, next,
                     held = std::make_shared<std::vector<WorkItem>>(std::move(items))] {
    if (*open) {
      pass(next, std::move(*held));
    }
  });
}

// --- for others ---------------------------------------------------------------------------------

SimServers::SimServers(Process& process, Services& services, Random& random, const Digest& config,
                       std::uint32_t& at_work, Opened opened, Served served)
    : process_(process),
      services_(services),
      random_(random),
      config_(config),
      at_work_(at_work),
      gates_(std::make_shared<const std::vector<std::unique_ptr<Stage>>>(
          make_gates([open = open_, opened = std::move(opened)](const Sample& sample) {
            if (*open) {  // of an ended session nobody wants it
              opened(sample);
            }
          }))),
      served_(std::move(served)) {}

void SimServers::serve(std::uint32_t, std::uint64_t ticket, std::shared_ptr<StageRequest> request) {
  if (request->config != config_) {
    services_.oracle.fail(services_.schedule.now(), "a batch of another config is served");
  }
  const bool slow = services_.schedule.now() < services_.plan.faults_end &&
                    random_.chance(services_.plan.peer_slow_permille);
  const Time time = slow ? random_.between(kServeMax, services_.plan.peer_slow_max)
                         : random_.between(kServeMin, kServeMax);
  ++at_work_;
  process_.after(time, [&process = process_, &at_work = at_work_, ticket, request, gates = gates_,
                        served = served_] {
    --at_work;
    served(ticket, serve_stages(*gates, process, std::move(*request)));
  });
}

}  // namespace fd::sim
