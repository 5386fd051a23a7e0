#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulator/connection.hpp"
#include "tests/simulator/request_log.hpp"
#include "tests/simulator/server.hpp"
#include "tests/simulator/sockets.hpp"

struct epoll_event;

namespace fd::simulator {

/// The most bytes read at once.
inline constexpr std::size_t kReadBytes = 64u << 10;

/// Something to do for a connection at a time.
struct Timer {
  std::uint64_t due_us = 0;
  ConnectionId id;
  /// The earliest stands on top of a std::priority_queue.
  friend bool operator<(const Timer& left, const Timer& right) {
    return left.due_us > right.due_us;
  }
};

/// The server's state. server.cpp holds the loop and what happens when something is due;
/// server_connections.cpp what happens on a connection.
struct Server::Impl {
  using Clock = std::chrono::steady_clock;

  Impl(ServerOptions server_options, Service model_service)
      : options(std::move(server_options)), service(std::move(model_service)) {}

  ServerOptions options;
  Service service;
  Listener listener;
  Descriptor epoll;
  std::optional<RequestLog> log;
  Clock::time_point started = Clock::now();

  /// A place for a connection; its generation tells late events of an earlier one apart.
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::uint32_t generation = 0;
  };
  std::vector<Slot> slots;
  std::vector<std::uint32_t> free_slots;
  std::size_t connections = 0;

  std::priority_queue<Timer> timers;
  std::vector<ConnectionId> unsynced;  ///< due, but their log lines are not on disk
  std::vector<ConnectionId> again;     ///< have more to read than fits in one turn
  std::uint64_t durable_batch = 0;
  std::uint64_t requests = 0;
  std::string scratch = std::string(kReadBytes, '\0');

  /// Returns the time since the server was made. Units: microseconds.
  [[nodiscard]] std::uint64_t now_us() const {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count());
  }

  /// Returns whether epoll reports `events` of `descriptor` as `id` from now on.
  bool monitor(int descriptor, ConnectionId id, std::uint32_t events);
  /// Serves until `stop` is readable.
  Result<void> run(int stop);
  /// Does one round of events and what is due; returns whether to go on.
  Result<bool> take_turn(std::span<const epoll_event> events);
  /// Takes waiting connections in, or refuses them beyond the limit.
  void accept_connections();
  /// Gives a connection its slot.
  void add_connection(Descriptor socket);
  /// Returns the connection, or null when it has gone.
  Connection* find(ConnectionId id);
  /// Closes a connection at once. Requires: it is there.
  void close(ConnectionId id);
  /// Notes what epoll said about a connection and goes on with it.
  void on_event(ConnectionId id, std::uint32_t events);
  /// Does what can be done for a connection: serves what was read, sends what is ready, reads on.
  void pump(ConnectionId id, Connection& connection);
  /// Reads once. Returns whether there is reason to go on: the connection is still there, and
  /// more may come.
  bool receive(ConnectionId id, Connection& connection);
  /// Answers the whole requests in `bytes` and returns how many bytes are done with.
  std::size_t serve(ConnectionId id, Connection& connection, std::string_view bytes);
  /// Answers the parsed request: at once, or when it is due and recorded.
  void answer(ConnectionId id, Connection& connection);
  /// Sends what may leave. Returns whether the connection is still there.
  bool send_ready(ConnectionId id, Connection& connection);
  /// Ends our side, and reads on until the client ends its side: closing with unread bytes would
  /// make TCP reset the connection and could take the reply away from the client.
  void finish(ConnectionId id, Connection& connection);
  /// Lets a waiting reply leave.
  void release(ConnectionId id, Connection& connection);
  /// Does everything that is due.
  void fire_timers();
  /// Lets the due replies leave whose log lines are on disk. Errors: storage.
  Result<void> release_synced();
  /// Returns how long there is nothing to do without an event; nothing: for ever.
  [[nodiscard]] std::optional<std::uint64_t> wait_us() const;
};

}  // namespace fd::simulator
