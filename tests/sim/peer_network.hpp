#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "actors/transport/transport.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/schedule.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

/// What happened between workers, by number of messages unless it says otherwise: a campaign must
/// show that what it plans took place.
struct PeerTally {
  std::uint64_t asked = 0;        ///< requests
  std::uint64_t asked_again = 0;  ///< of those, for samples that this process had asked about
  std::uint64_t replied = 0;      ///< with evidence
  std::uint64_t put_off = 0;      ///< "not now"
  std::uint64_t lost = 0;
  std::uint64_t cut = 0;
  std::uint64_t repeated = 0;
  std::uint64_t slow = 0;
  std::uint64_t to_nobody = 0;     ///< the peer was gone
  std::uint64_t to_another = 0;    ///< a later process of the peer got it
  std::uint64_t too_late = 0;      ///< replies whose connection was closed
  std::uint64_t died_serving = 0;  ///< processes that were killed with requests at work

  struct Member {
    std::string_view name;
    std::uint64_t PeerTally::*count;
  };
  static std::span<const Member> members();
  void add(const PeerTally& other);
  /// Returns a line for people.
  [[nodiscard]] std::string report() const;
};

/// A worker's process, as others reach it.
class PeerServer {
 public:
  virtual ~PeerServer() = default;
  /// Takes a request that came by a connection.
  virtual void receive_request(const std::string& connection, std::string bytes) = 0;
  [[nodiscard]] virtual bool reachable() const = 0;
};

/// The ways between workers: they lose, repeat, delay, reorder and hold messages as those to the
/// coordinator do. A way leads to an endpoint, not to a process: what is sent to a peer that died
/// may reach the one that took its place.
class PeerNetwork {
 public:
  PeerNetwork(const Plan& plan, Schedule& schedule, Trace& trace);

  /// From now on `server` is at `endpoint`, of worker `number`. Lifetime: outlives the network.
  void listen(const std::string& endpoint, std::uint32_t number, PeerServer& server);
  /// Opens a way to an endpoint for worker `asker`. `receive` gets what comes back while the
  /// transport lives.
  std::unique_ptr<Transport> connect(std::uint32_t asker, std::uint64_t incarnation,
                                     const std::string& endpoint,
                                     std::function<void(std::string)> receive);
  /// Sends a reply by the connection that its request came by.
  void reply(const std::string& connection, std::string bytes);
  /// A process died; `serving`: with requests at work.
  void died(bool serving) { tally_.died_serving += serving ? 1 : 0; }
  /// Every message from now on arrives, in a moment.
  void heal() { healed_ = true; }
  [[nodiscard]] const PeerTally& tally() const { return tally_; }

 private:
  class Way;
  struct Connection {
    std::uint32_t asker = 0;
    std::uint64_t incarnation = 0;
    std::string endpoint;
    PeerServer* opened_to = nullptr;
    std::function<void(std::string)> receive;  ///< empty: closed
  };
  struct Endpoint {
    std::uint32_t number = 0;
    PeerServer* server = nullptr;
  };
  void ask(const std::string& name, std::string bytes);
  void send(const std::string& name, bool asking, std::string bytes);
  void arrive(const std::string& name, bool asking, std::string bytes, std::uint32_t tries);
  [[nodiscard]] const PeerCut* cut(const Connection& connection, bool asking) const;

  const Plan& plan_;
  Schedule& schedule_;
  Trace& trace_;
  Random random_;
  std::map<std::string, Endpoint> endpoints_;
  std::map<std::string, Connection> connections_;
  std::set<std::pair<std::uint64_t, std::string>> asked_;  ///< incarnation, samples and stage
  PeerTally tally_;
  bool healed_ = false;
};

}  // namespace fd::sim
