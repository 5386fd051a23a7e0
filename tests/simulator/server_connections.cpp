#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/simulator/server_impl.hpp"

namespace fd::simulator {
namespace {

constexpr std::size_t kKeptBytes = 64u << 10;  ///< larger buffers are given back when empty
constexpr int kReadsPerTurn = 8;               ///< then the other connections come first
constexpr int kAcceptsPerTurn = 256;

}  // namespace

void Server::Impl::accept_connections() {
  for (int accepted = 0; accepted < kAcceptsPerTurn; ++accepted) {
    Descriptor socket(
        ::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) {
      return;
    }
    if (connections >= options.max_connections) {
      std::string refusal;
      Service::append_refusal(503, "too many connections", refusal);
      (void)!::send(socket.get(), refusal.data(), refusal.size(), MSG_NOSIGNAL);
      continue;
    }
    add_connection(std::move(socket));
  }
}

void Server::Impl::add_connection(Descriptor socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (free_slots.empty()) {
    free_slots.push_back(static_cast<std::uint32_t>(slots.size()));
    slots.emplace_back();
  }
  const ConnectionId id{free_slots.back(), slots[free_slots.back()].generation};
  if (!monitor(socket.get(), id, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
    return;
  }
  free_slots.pop_back();
  slots[id.slot].connection = std::make_unique<Connection>();
  slots[id.slot].connection->socket = std::move(socket);
  ++connections;
}

Connection* Server::Impl::find(ConnectionId id) {
  if (id.slot >= slots.size() || slots[id.slot].generation != id.generation) {
    return nullptr;
  }
  return slots[id.slot].connection.get();
}

void Server::Impl::close(ConnectionId id) {
  slots[id.slot].connection.reset();
  ++slots[id.slot].generation;
  free_slots.push_back(id.slot);
  --connections;
}

void Server::Impl::on_event(ConnectionId id, std::uint32_t events) {
  Connection* connection = find(id);
  if (connection == nullptr) {
    return;
  }
  const bool ended = (events & EPOLLRDHUP) != 0;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 || (ended && connection->hung)) {
    close(id);
    return;
  }
  connection->half_closed = connection->half_closed || ended;
  connection->readable = connection->readable || ended || (events & EPOLLIN) != 0;
  pump(id, *connection);
}

void Server::Impl::pump(ConnectionId id, Connection& connection) {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (!connection.in.empty()) {
      connection.in.erase(0, serve(id, connection, connection.in));
      if (connection.in.empty() && connection.in.capacity() > kKeptBytes) {
        std::string().swap(connection.in);
      }
    }
    const bool was_full = connection.out.size() - connection.sent >= kMaxQueuedReplyBytes;
    if (!send_ready(id, connection) || connection.sent < connection.ready) {
      return;
    }
    if (connection.waiting) {
      if (connection.hung && connection.half_closed) {
        close(id);
      }
      return;
    }
    if (was_full) {
      continue;
    }
    if (!connection.readable || !receive(id, connection)) {
      return;
    }
  }
  again.push_back(id);
}

bool Server::Impl::receive(ConnectionId id, Connection& connection) {
  const ssize_t got = ::recv(connection.socket.get(), scratch.data(), scratch.size(), 0);
  if (got < 0 && errno == EINTR) {
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    connection.readable = false;
    return false;
  }
  if (got <= 0) {
    close(id);
    return false;
  }
  const std::string_view bytes(scratch.data(), static_cast<std::size_t>(got));
  if (bytes.size() < scratch.size() && !connection.half_closed) {
    connection.readable = false;  // epoll(7): a short read has emptied a stream socket
  }
  if (connection.lingering) {
    return true;
  }
  if (connection.in.empty()) {
    connection.in.append(bytes.substr(serve(id, connection, bytes)));
  } else {
    connection.in.append(bytes);
  }
  return true;
}

std::size_t Server::Impl::serve(ConnectionId id, Connection& connection, std::string_view bytes) {
  std::size_t done = 0;
  while (!connection.waiting && !connection.last && done < bytes.size() &&
         connection.out.size() - connection.sent < kMaxQueuedReplyBytes) {
    const HttpParser::Status status = connection.parser.parse(bytes.substr(done));
    if (status == HttpParser::Status::need_more) {
      if (connection.parser.expects_continue() && !connection.continued) {
        connection.continued = true;
        connection.out.append("HTTP/1.1 100 Continue\r\n\r\n");
        connection.ready = connection.out.size();
      }
      break;
    }
    if (status == HttpParser::Status::failed) {
      Service::append_refusal(connection.parser.error_status(),
                              "these bytes are no HTTP request that this server accepts",
                              connection.out);
      connection.ready = connection.out.size();
      connection.last = true;
      break;
    }
    answer(id, connection);
    done += connection.parser.consumed();
    connection.parser.reset();
    connection.continued = false;
  }
  return connection.last ? bytes.size() : done;
}

void Server::Impl::answer(ConnectionId id, Connection& connection) {
  const Outcome outcome = service.handle(connection.parser.request(), connection.out);
  connection.last = outcome.close;
  connection.cut = outcome.close && outcome.fault != Fault::none;
  connection.batch = 0;
  std::uint64_t due_us = 0;
  if (outcome.delay_us > 0 || (log && outcome.completion)) {
    const std::uint64_t arrival_us = now_us();
    due_us = arrival_us + outcome.delay_us;
    if (log && outcome.completion) {
      connection.batch = log->append({.number = ++requests,
                                      .arrival_us = arrival_us,
                                      .reply_us = due_us,
                                      .replies = outcome.status != 0,
                                      .key = outcome.key,
                                      .status = outcome.status,
                                      .fault = fault_name(outcome.fault)});
    }
  }
  connection.hung = outcome.silent;
  connection.waiting = outcome.silent || outcome.delay_us > 0 || connection.batch > 0;
  if (!connection.waiting) {
    connection.ready = connection.out.size();
  } else if (outcome.delay_us > 0) {
    timers.push({due_us, id});
  } else if (!outcome.silent) {
    unsynced.push_back(id);
  }
}

bool Server::Impl::send_ready(ConnectionId id, Connection& connection) {
  while (connection.sent < connection.ready) {
    const ssize_t put = ::send(connection.socket.get(), connection.out.data() + connection.sent,
                               connection.ready - connection.sent, MSG_NOSIGNAL);
    if (put >= 0) {
      connection.sent += static_cast<std::size_t>(put);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;  // the next EPOLLOUT edge goes on
    } else if (errno != EINTR) {
      close(id);
      return false;
    }
  }
  if (connection.waiting) {
    return true;
  }
  if (connection.sent == connection.out.size()) {
    connection.out.clear();
    connection.sent = connection.ready = 0;
    if (connection.out.capacity() > kKeptBytes) {
      std::string().swap(connection.out);
    }
  }
  if (connection.last && !connection.lingering) {
    if (connection.cut) {
      close(id);
      return false;
    }
    finish(id, connection);
  }
  return true;
}

void Server::Impl::finish(ConnectionId id, Connection& connection) {
  ::shutdown(connection.socket.get(), SHUT_WR);
  connection.lingering = true;
  timers.push({now_us() + kLingerUs, id});
}

}  // namespace fd::simulator
