#include "tests/sim/peer_network.hpp"

#include "protocol/base/crc32c.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "tests/sim/network.hpp"

namespace fd::sim {

std::span<const PeerTally::Member> PeerTally::members() {
  static constexpr Member kMembers[] = {
      {"asked", &PeerTally::asked},         {"asked again", &PeerTally::asked_again},
      {"replied", &PeerTally::replied},     {"put off", &PeerTally::put_off},
      {"lost", &PeerTally::lost},           {"cut", &PeerTally::cut},
      {"repeated", &PeerTally::repeated},   {"slow", &PeerTally::slow},
      {"to nobody", &PeerTally::to_nobody}, {"to another", &PeerTally::to_another},
      {"too late", &PeerTally::too_late},   {"died serving", &PeerTally::died_serving}};
  return kMembers;
}

void PeerTally::add(const PeerTally& other) {
  for (const auto& [name, count] : members()) {
    this->*count += other.*count;
  }
}

std::string PeerTally::report() const {
  std::string text = "     peers:";
  for (const auto& [name, count] : members()) {
    text += " " + std::string(name) + " " + std::to_string(this->*count);
  }
  return text + "\n";
}

/// A connection of one process to one endpoint.
class PeerNetwork::Way final : public Transport {
 public:
  Way(PeerNetwork& network, std::string name) : network_(network), name_(std::move(name)) {}
  ~Way() override { network_.connections_.at(name_).receive = nullptr; }
  void send(const PeerId&, std::string bytes) override { network_.ask(name_, std::move(bytes)); }

 private:
  PeerNetwork& network_;
  std::string name_;
};

PeerNetwork::PeerNetwork(const Plan& plan, Schedule& schedule, Trace& trace)
    : plan_(plan), schedule_(schedule), trace_(trace), random_(plan.seed, "peer network") {}

void PeerNetwork::listen(const std::string& endpoint, std::uint32_t number, PeerServer& server) {
  endpoints_[endpoint] = {number, &server};
}

std::unique_ptr<Transport> PeerNetwork::connect(std::uint32_t asker, std::uint64_t incarnation,
                                                const std::string& endpoint,
                                                std::function<void(std::string)> receive) {
  std::string name = "p" + std::to_string(connections_.size());
  connections_[name] = {asker, incarnation, endpoint, endpoints_.at(endpoint).server,
                        std::move(receive)};
  return std::make_unique<Way>(*this, std::move(name));
}

void PeerNetwork::ask(const std::string& name, std::string bytes) {
  const StageRequest request = decode<StageRequest>(decode_frame(bytes)->body).value();
  std::string what = std::to_string(static_cast<int>(request.stage));
  for (const StageItem& item : request.items) {
    what += item.sample.id.hex();
  }
  ++tally_.asked;
  if (!asked_.emplace(connections_.at(name).incarnation, std::move(what)).second) {
    ++tally_.asked_again;
  }
  send(name, true, std::move(bytes));
}

void PeerNetwork::reply(const std::string& connection, std::string bytes) {
  const StageReply reply = decode<StageReply>(decode_frame(bytes)->body).value();
  ++(reply.not_now ? tally_.put_off : tally_.replied);
  send(connection, false, std::move(bytes));
}

const PeerCut* PeerNetwork::cut(const Connection& connection, bool asking) const {
  if (healed_) {
    return nullptr;
  }
  const std::uint32_t server = endpoints_.at(connection.endpoint).number;
  for (const PeerCut& cut : plan_.peer_cuts) {
    if (cut.asker == connection.asker && cut.server == server && schedule_.now() >= cut.from &&
        schedule_.now() < cut.to && (asking ? cut.requests : cut.replies)) {
      return &cut;
    }
  }
  return nullptr;
}

void PeerNetwork::send(const std::string& name, bool asking, std::string bytes) {
  const NetworkPlan& network = plan_.network;
  const bool faulty = !healed_ && schedule_.now() < plan_.faults_end;
  const std::uint32_t asker = connections_.at(name).asker;
  Time hold = 0;
  if (const PeerCut* broken = cut(connections_.at(name), asking)) {
    ++tally_.cut;
    if (!broken->hold) {
      trace_.note(schedule_.now(), "peer_cut", asker, asking);
      return;
    }
    hold = broken->to - schedule_.now();
  }
  if (faulty && random_.chance(network.loss_permille)) {
    ++tally_.lost;
    trace_.note(schedule_.now(), "peer_lost", asker, asking);
    return;
  }
  const bool repeat = faulty && random_.chance(network.repeat_permille);
  tally_.repeated += repeat ? 1 : 0;
  for (int copy = 0; copy < (repeat ? 2 : 1); ++copy) {
    const bool slow = faulty && random_.chance(network.slow_permille);
    tally_.slow += slow ? 1 : 0;
    const Time delay = hold + (slow ? random_.between(network.delay_max, network.slow_max)
                                    : random_.between(network.delay_min, network.delay_max));
    schedule_.after(delay, [this, name, asking, bytes]() mutable {
      arrive(name, asking, std::move(bytes), 0);
    });
  }
}

void PeerNetwork::arrive(const std::string& name, bool asking, std::string bytes,
                         std::uint32_t tries) {
  const Connection& connection = connections_.at(name);
  trace_.note(schedule_.now(), asking ? "peer_request" : "peer_reply", connection.asker,
              bytes.size(), crc32c(bytes));
  if (!asking) {
    if (connection.receive) {
      connection.receive(std::move(bytes));
    } else {
      ++tally_.too_late;
    }
    return;
  }
  PeerServer* server = endpoints_.at(connection.endpoint).server;
  if (!server->reachable()) {
    ++tally_.to_nobody;
    if (tries < kTriesMax && random_.chance(800)) {
      schedule_.after(kTryAgain, [this, name, tries, bytes = std::move(bytes)]() mutable {
        arrive(name, true, std::move(bytes), tries + 1);
      });
    }
    return;
  }
  tally_.to_another += server != connection.opened_to ? 1 : 0;
  server->receive_request(name, std::move(bytes));
}

}  // namespace fd::sim
