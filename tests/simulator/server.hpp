#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "protocol/base/result.hpp"
#include "tests/simulator/service.hpp"

namespace fd::simulator {

/// The most connections at a time; a further one is answered with 503 and closed.
inline constexpr std::size_t kMaxConnections = 16384;
/// The most bytes of replies that wait for a client to read them before its next request is served.
inline constexpr std::size_t kMaxQueuedReplyBytes = 256u << 10;
/// How long a connection that we ended may still send before it is cut off.
inline constexpr std::uint64_t kLingerUs = 2'000'000;

/// Where to listen and what to record.
struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;        ///< 0: any free one
  std::string request_log = {};  ///< empty: none
  std::size_t max_connections = kMaxConnections;
};

/// An HTTP server on one thread: epoll, keep-alive, one request of a connection at a time, so that
/// pipelined requests are answered in order. With a request log, no reply to a completion request
/// leaves before its line is on disk.
class Server {
 public:
  /// Listens; requests wait until run(). With `request_log` the service must digest bodies.
  /// Errors: invalid_input (host), unavailable (address), storage (request log).
  static Result<Server> listen(ServerOptions options, Service service);

  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  /// Returns the port it is bound to.
  [[nodiscard]] std::uint16_t port() const;
  /// Returns HOST:PORT as it stands in a URL.
  [[nodiscard]] const std::string& authority() const;
  /// Serves until `stop` becomes readable. Replies that are still due then are not sent.
  /// Errors: storage (request log), unavailable (epoll).
  Result<void> run(int stop);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd::simulator
