#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/contacts.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/schedule.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

/// How often a message to a process that is down is tried again: what a socket's queue does.
inline constexpr std::uint32_t kTriesMax = 8;
inline constexpr Time kTryAgain = 150 * kMillisecond;

/// Where messages go: one process life of the coordinator or of a worker.
class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Takes one frame. `from`: the connection that it came by.
  virtual void receive(const std::string& from, std::string bytes) = 0;
  /// A message on `connection` was lost, as happens when a connection breaks: it was made again.
  virtual void connected_again(const std::string& connection) = 0;
};

/// The way between the coordinator and the workers: loses, repeats, delays and reorders messages as
/// the plan says, and never damages one.
class Network {
 public:
  Network(const Plan& plan, Schedule& schedule, Trace& trace, Contacts& contacts);

  /// Sets the living coordinator (null: none).
  void coordinator(Receiver* receiver) { coordinator_ = receiver; }
  /// Opens the connection of a worker's process and returns its name. Lifetime: `receiver` outlives
  /// the network.
  std::string connect(std::uint32_t worker, Receiver& receiver);

  /// Worker to coordinator.
  void send_up(const std::string& connection, std::string bytes);
  /// Coordinator to worker.
  void send_down(const std::string& connection, std::string bytes);

  /// Every message from now on arrives, in a moment: the liveness phase.
  void heal() { healed_ = true; }

 private:
  struct Connection {
    std::uint32_t worker = 0;
    Receiver* receiver = nullptr;
    bool broken = false;  ///< its worker will learn of it
  };
  struct Message {
    std::string connection;
    bool up = true;
    std::string bytes;
  };
  void direct(Message message);
  void swap(Message message, MessageKind kind);
  void send(const std::string& connection, bool up, std::string bytes);
  void lose(Connection& connection, const std::string& name, const char* how, bool up);
  void arrive(const std::string& connection, bool up, std::string bytes, Time sent,
              std::uint32_t tries);
  [[nodiscard]] const Partition* cut(std::uint32_t worker, bool up) const;

  const Plan& plan_;
  Schedule& schedule_;
  Trace& trace_;
  Contacts& contacts_;
  Random random_;
  Receiver* coordinator_ = nullptr;
  std::map<std::string, Connection> connections_;
  bool healed_ = false;
  std::optional<Message> held_;  ///< until one of the other kind was sent
  std::vector<Message> states_;  ///< sent by workers, when they are to be replayed
};

}  // namespace fd::sim
