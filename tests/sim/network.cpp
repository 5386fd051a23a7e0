#include "tests/sim/network.hpp"

#include <utility>

#include "protocol/base/crc32c.hpp"

namespace fd::sim {
namespace {

/// Until a connection that lost something is made again.
constexpr Time kReconnectMin = 50 * kMillisecond;
constexpr Time kReconnectMax = 2 * kSecond;

}  // namespace

Network::Network(const Plan& plan, Schedule& schedule, Trace& trace, Contacts& contacts)
    : plan_(plan),
      schedule_(schedule),
      trace_(trace),
      contacts_(contacts),
      random_(plan.seed, "network") {
  for (const Time at : plan.network.replays) {
    schedule_.after(at, [this] {
      for (const Message& state : states_) {
        arrive(state.connection, true, state.bytes, 0, 0);
      }
    });
  }
}

std::string Network::connect(std::uint32_t worker, Receiver& receiver) {
  std::string name = "c" + std::to_string(connections_.size());
  connections_[name] = {worker, &receiver};
  return name;
}

void Network::send_up(const std::string& connection, std::string bytes) {
  direct({connection, true, std::move(bytes)});
}

void Network::send_down(const std::string& connection, std::string bytes) {
  direct({connection, false, std::move(bytes)});
}

/// What is done to single kinds of messages, before what happens to any.
void Network::direct(Message message) {
  const NetworkPlan& network = plan_.network;
  if (network.copies.empty() && network.dropped.empty() && network.replays.empty() &&
      !network.swapped) {
    send(message.connection, message.up, std::move(message.bytes));
    return;
  }
  const MessageKind kind = decode_frame(message.bytes).value().kind;
  const bool faulty = !healed_ && schedule_.now() < plan_.faults_end;
  if (!network.replays.empty() && kind == MessageKind::worker_state) {
    states_.push_back(message);
  }
  if (faulty && network.dropped.contains(kind)) {
    lose(connections_.at(message.connection), message.connection, "dropped", message.up);
    return;
  }
  const auto copies = network.copies.find(kind);
  for (std::uint32_t copy = 1; faulty && copies != network.copies.end() && copy < copies->second;
       ++copy) {
    send(message.connection, message.up, message.bytes);
  }
  if (faulty && network.swapped) {
    swap(std::move(message), kind);
  } else {
    send(message.connection, message.up, std::move(message.bytes));
  }
}

void Network::swap(Message message, MessageKind kind) {
  const auto [early, late] = *plan_.network.swapped;
  if (kind == early && !held_) {
    held_ = std::move(message);
    return;
  }
  send(message.connection, message.up, std::move(message.bytes));
  if (kind == late && held_) {
    const Message held = *std::exchange(held_, std::nullopt);
    schedule_.after(plan_.network.delay_max, [this, held]() mutable {
      send(held.connection, held.up, std::move(held.bytes));
    });
  }
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
      lose(found->second, connection, "cut", up);
      return;
    }
    hold = partition->to - schedule_.now();
  }
  if (faulty && random_.chance(network.loss_permille)) {
    lose(found->second, connection, "lost", up);
    return;
  }
  const bool repeat = faulty && random_.chance(network.repeat_permille);
  for (int copy = 0; copy < (repeat ? 2 : 1); ++copy) {
    const bool slow = faulty && random_.chance(network.slow_permille);
    const Time delay = hold + (slow ? random_.between(network.delay_max, network.slow_max)
                                    : random_.between(network.delay_min, network.delay_max));
    schedule_.after(delay, [this, connection, up, bytes, sent = schedule_.now()]() mutable {
      arrive(connection, up, std::move(bytes), sent, 0);
    });
  }
}

void Network::lose(Connection& connection, const std::string& name, const char* how, bool up) {
  trace_.note(schedule_.now(), how, connection.worker, up);
  if (std::exchange(connection.broken, true)) {
    return;
  }
  schedule_.after(random_.between(kReconnectMin, kReconnectMax), [this, &connection, name] {
    connection.broken = false;
    connection.receiver->connected_again(name);
  });
}

void Network::arrive(const std::string& connection, bool up, std::string bytes, Time sent,
                     std::uint32_t tries) {
  Connection& to = connections_.at(connection);
  Receiver* receiver = up ? coordinator_ : to.receiver;
  if (receiver == nullptr) {
    if (tries < kTriesMax && random_.chance(800)) {
      schedule_.after(kTryAgain,
                      [this, connection, up, sent, tries, bytes = std::move(bytes)]() mutable {
                        arrive(connection, up, std::move(bytes), sent, tries + 1);
                      });
    } else {
      lose(to, connection, "nobody", up);
    }
    return;
  }
  trace_.note(schedule_.now(), up ? "frame_up" : "frame_down", to.worker, bytes.size(),
              crc32c(bytes));
  if (up) {
    contacts_.heard(to.worker, sent, schedule_.now());
  } else {
    contacts_.reached(to.worker, sent, schedule_.now());
  }
  receiver->receive(connection, std::move(bytes));
}

}  // namespace fd::sim
