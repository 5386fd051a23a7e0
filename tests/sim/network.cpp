#include "tests/sim/network.hpp"

#include <utility>

#include "protocol/digest.hpp"

namespace fd::sim {
namespace {

/// How often a message to a coordinator that is down is tried again: what a socket's queue does.
constexpr std::uint32_t kTriesMax = 8;
constexpr Time kTryAgain = 150 * kMillisecond;

}  // namespace

Network::Network(const Plan& plan, Schedule& schedule, Trace& trace)
    : plan_(plan), schedule_(schedule), trace_(trace), random_(plan.seed, "network") {}

std::string Network::connect(std::uint32_t worker, Receiver& receiver) {
  std::string name = "c" + std::to_string(connections_.size());
  connections_[name] = {worker, &receiver};
  return name;
}

void Network::send_up(const std::string& connection, std::string bytes) {
  send(connection, true, std::move(bytes));
}

void Network::send_down(const std::string& connection, std::string bytes) {
  send(connection, false, std::move(bytes));
}

const Partition* Network::cut(std::uint32_t worker, bool up) const {
  if (healed_) {
    return nullptr;
  }
  const Time now = schedule_.now();
  for (const Partition& partition : plan_.network.partitions) {
    if (partition.worker == worker && now >= partition.from && now < partition.to &&
        (up ? partition.up : partition.down)) {
      return &partition;
    }
  }
  return nullptr;
}

void Network::send(const std::string& connection, bool up, std::string bytes) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) {
    return;
  }
  const std::uint32_t worker = found->second.worker;
  const NetworkPlan& network = plan_.network;
  const bool faulty = !healed_ && schedule_.now() < plan_.faults_end;
  Time hold = 0;
  if (const Partition* partition = cut(worker, up)) {
    if (!partition->hold) {
      trace_.note(schedule_.now(), "cut", worker, up);
      return;
    }
    hold = partition->to - schedule_.now();
  }
  if (faulty && random_.chance(network.loss_permille)) {
    trace_.note(schedule_.now(), "lost", worker, up);
    return;
  }
  const bool repeat = faulty && random_.chance(network.repeat_permille);
  for (int copy = 0; copy < (repeat ? 2 : 1); ++copy) {
    const bool slow = faulty && random_.chance(network.slow_permille);
    const Time delay = hold + (slow ? random_.between(network.delay_max, network.slow_max)
                                    : random_.between(network.delay_min, network.delay_max));
    schedule_.after(delay, [this, connection, up, bytes]() mutable {
      arrive(connection, up, std::move(bytes), 0);
    });
  }
}

void Network::arrive(const std::string& connection, bool up, std::string bytes,
                     std::uint32_t tries) {
  const Connection& to = connections_.at(connection);
  Receiver* receiver = up ? coordinator_ : to.receiver;
  if (receiver == nullptr) {
    if (tries < kTriesMax && random_.chance(800)) {
      schedule_.after(kTryAgain, [this, connection, up, tries, bytes = std::move(bytes)]() mutable {
        arrive(connection, up, std::move(bytes), tries + 1);
      });
    }
    return;
  }
  trace_.note(schedule_.now(), up ? "frame_up" : "frame_down", to.worker, bytes.size(),
              crc32c(bytes));
  receiver->receive(connection, std::move(bytes));
}

}  // namespace fd::sim
