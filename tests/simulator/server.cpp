#include "tests/simulator/server.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <sys/epoll.h>

#include "tests/simulator/server_impl.hpp"

namespace fd::simulator {
namespace {

constexpr std::uint64_t kReservedFiles = 64;
/// Slots that stand for descriptors which are no connections.
enum Special : std::uint32_t { listener_slot = 0xFFFFFF00u, stop_slot, log_slot };

std::uint64_t pack(ConnectionId id) {
  return (std::uint64_t{id.generation} << 32u) | id.slot;
}

ConnectionId unpack(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32u)};
}

Error epoll_failure(const char* what) {
  return Error{Errc::unavailable, std::string(what) + ": " + std::strerror(errno)};
}

/// Waits for events, or until `wait_us` have passed (nothing: for ever).
int wait_for_events(int epoll, std::span<epoll_event> events,
                    std::optional<std::uint64_t> wait_us) {
  const auto room = static_cast<int>(events.size());
  if (!wait_us) {
    return ::epoll_wait(epoll, events.data(), room, -1);
  }
  timespec wait{};
  wait.tv_sec = static_cast<time_t>(*wait_us / 1'000'000);
  wait.tv_nsec = static_cast<long>(*wait_us % 1'000'000) * 1000;
  const int count = ::epoll_pwait2(epoll, events.data(), room, &wait, nullptr);
  if (count < 0 && errno == ENOSYS) {  // before Linux 5.11: rounded up to a whole millisecond
    return ::epoll_wait(epoll, events.data(), room, static_cast<int>((*wait_us + 999) / 1000));
  }
  return count;
}

}  // namespace

bool Server::Impl::monitor(int descriptor, ConnectionId id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(id);
  return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

Result<void> Server::Impl::run(int stop) {
  if (!monitor(stop, {stop_slot, 0}, EPOLLIN)) {
    return epoll_failure("cannot watch the stop descriptor");
  }
  std::vector<epoll_event> events(1024);
  for (;;) {
    const int count = wait_for_events(epoll.get(), events, wait_us());
    if (count < 0 && errno != EINTR) {
      return epoll_failure("epoll_wait");
    }
    const auto known = static_cast<std::size_t>(std::max(count, 0));
    FD_TRY(const bool go_on, take_turn(std::span(events).first(known)));
    if (!go_on) {
      break;
    }
  }
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, stop, nullptr);
  return log ? log->close() : Result<void>();
}

Result<bool> Server::Impl::take_turn(std::span<const epoll_event> events) {
  const std::vector<ConnectionId> unfinished = std::exchange(again, {});
  for (const epoll_event& event : events) {
    const ConnectionId id = unpack(event.data.u64);
    if (id.slot == stop_slot) {
      return false;
    }
    if (id.slot == listener_slot) {
      accept_connections();
    } else if (id.slot == log_slot) {
      FD_TRY_VOID(release_synced());
    } else {
      on_event(id, event.events);
    }
  }
  for (const ConnectionId id : unfinished) {
    if (Connection* connection = find(id)) {
      pump(id, *connection);
    }
  }
  fire_timers();
  if (log) {
    log->flush();
  }
  return true;
}

std::optional<std::uint64_t> Server::Impl::wait_us() const {
  if (!again.empty()) {
    return 0;
  }
  if (timers.empty()) {
    return std::nullopt;
  }
  const std::uint64_t now = now_us();
  return timers.top().due_us > now ? timers.top().due_us - now : 0;
}

void Server::Impl::release(ConnectionId id, Connection& connection) {
  connection.waiting = false;
  connection.ready = connection.out.size();
  pump(id, connection);
}

void Server::Impl::fire_timers() {
  if (timers.empty()) {
    return;
  }
  const std::uint64_t now = now_us();
  while (!timers.empty() && timers.top().due_us <= now) {
    const ConnectionId id = timers.top().id;
    timers.pop();
    Connection* connection = find(id);
    if (connection == nullptr) {
      continue;
    }
    if (connection->lingering) {
      close(id);
    } else if (connection->batch > durable_batch) {
      unsynced.push_back(id);
    } else {
      release(id, *connection);
    }
  }
}

Result<void> Server::Impl::release_synced() {
  FD_TRY(durable_batch, log->durable());
  for (const ConnectionId id : std::exchange(unsynced, {})) {
    Connection* connection = find(id);
    if (connection == nullptr) {
      continue;
    }
    if (connection->batch > durable_batch) {
      unsynced.push_back(id);
    } else {
      release(id, *connection);
    }
  }
  return {};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;

Result<Server> Server::listen(ServerOptions options, Service service) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(service));
  const std::uint64_t files = raise_file_limit();
  const std::uint64_t usable = files > 2 * kReservedFiles ? files - kReservedFiles : kReservedFiles;
  impl->options.max_connections =
      std::min<std::size_t>(impl->options.max_connections, static_cast<std::size_t>(usable));
  FD_TRY(impl->listener, listen_on(impl->options.host, impl->options.port));
  impl->epoll = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (impl->epoll.get() < 0 ||
      !impl->monitor(impl->listener.socket.get(), {listener_slot, 0}, EPOLLIN)) {
    return epoll_failure("cannot make an epoll instance");
  }
  if (!impl->options.request_log.empty()) {
    FD_TRY(impl->log, RequestLog::open(impl->options.request_log));
    if (!impl->monitor(impl->log->event_fd(), {log_slot, 0}, EPOLLIN)) {
      return epoll_failure("cannot watch the request log");
    }
  }
  return Server(std::move(impl));
}

std::uint16_t Server::port() const {
  return impl_->listener.port;
}
const std::string& Server::authority() const {
  return impl_->listener.authority;
}
Result<void> Server::run(int stop) {
  return impl_->run(stop);
}

}  // namespace fd::simulator
