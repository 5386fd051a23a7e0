#include "actors/zmq_transport.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.hpp>

#include "protocol/frame.hpp"

namespace fd {
namespace {

constexpr int kHighWaterMark = 10000;      // messages; credits bound the bytes well below it
constexpr int kHandshakeMs = 2000;         // an idle stranger is dropped after this
constexpr int kHeartbeatMs = 1000;         // ZMTP ping
constexpr int kHeartbeatTimeoutMs = 3000;  // a silent peer's connection is closed
constexpr int kLingerMs = 2000;
constexpr int kReconnectMs = 100;
constexpr int kReconnectMaxMs = 2000;
constexpr std::size_t kReceiveBatch = 256;  // messages handed on at once
constexpr long kRetryMs = 2;                // when a peer's pipe was full

}  // namespace

struct ZmqTransport::Impl {
  struct Outgoing {
    PeerId peer;
    std::string bytes;
  };

  zmq::context_t context{1};
  zmq::socket_t socket;
  bool router = false;
  int wake_fd = -1;
  ReceiveCallback receive;
  std::vector<std::string> bound;
  std::mutex mutex;
  std::vector<Outgoing> queue;   // guarded by mutex
  bool stopping = false;         // guarded by mutex
  std::deque<Outgoing> backlog;  // of the thread: taken from the queue, not sent yet
  std::thread thread;

  Impl(bool is_router, ReceiveCallback callback)
      : socket(context, is_router ? zmq::socket_type::router : zmq::socket_type::dealer),
        router(is_router),
        wake_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        receive(std::move(callback)) {
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(kMaxFrameBytes));
    socket.set(zmq::sockopt::sndhwm, kHighWaterMark);
    socket.set(zmq::sockopt::rcvhwm, kHighWaterMark);
    socket.set(zmq::sockopt::linger, kLingerMs);
    socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
    socket.set(zmq::sockopt::heartbeat_ivl, kHeartbeatMs);
    socket.set(zmq::sockopt::heartbeat_timeout, kHeartbeatTimeoutMs);
    if (router) {
      socket.set(zmq::sockopt::router_mandatory, true);
    } else {
      socket.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
      socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
    }
  }
  ~Impl() {
    if (thread.joinable()) {
      {
        const std::lock_guard lock(mutex);
        stopping = true;
      }
      wake();
      thread.join();
    }
    socket.close();
    ::close(wake_fd);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_fd, &one, sizeof one);
  }

  /// Moves what is queued to the backlog; returns false when the thread should end.
  bool take_queue() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_fd, &count, sizeof count);
    std::vector<Outgoing> taken;
    bool stop = false;
    {
      const std::lock_guard lock(mutex);
      taken.swap(queue);
      stop = stopping;
    }
    for (Outgoing& message : taken) {
      backlog.push_back(std::move(message));
    }
    return !stop;
  }

  enum class Sent { yes, later, never };
  Sent try_send(const Outgoing& message) {
    try {
      if (router) {
        const auto sent = socket.send(zmq::buffer(message.peer),
                                      zmq::send_flags::sndmore | zmq::send_flags::dontwait);
        if (!sent) {
          return Sent::later;
        }
      }
      const auto sent = socket.send(zmq::buffer(message.bytes), zmq::send_flags::dontwait);
      return sent ? Sent::yes : Sent::later;
    } catch (const zmq::error_t& error) {
      return error.num() == EAGAIN ? Sent::later : Sent::never;  // EHOSTUNREACH: the peer is gone
    }
  }

  /// Sends the backlog. A full pipe holds back only the peer it belongs to.
  void flush() {
    std::deque<Outgoing> kept;
    std::vector<PeerId> full;
    while (!backlog.empty()) {
      Outgoing message = std::move(backlog.front());
      backlog.pop_front();
      const bool blocked = std::find(full.begin(), full.end(), message.peer) != full.end();
      if (blocked) {
        kept.push_back(std::move(message));
      } else if (try_send(message) == Sent::later) {
        full.push_back(message.peer);
        kept.push_back(std::move(message));
      }
    }
    backlog = std::move(kept);
  }

  /// Receives one whole message; frames of another count than ours are dropped with their message.
  bool receive_one(std::vector<Incoming>& batch) {
    const std::size_t expected = router ? 2 : 1;
    std::array<zmq::message_t, 2> parts;
    std::size_t count = 0;
    for (;;) {
      zmq::message_t part;
      if (!socket.recv(part, zmq::recv_flags::dontwait)) {
        return false;
      }
      const bool more = part.more();
      if (count < expected) {
        parts.at(count) = std::move(part);
      }
      ++count;
      if (!more) {
        break;
      }
    }
    if (count == expected) {
      Incoming message;
      if (router) {
        message.peer = parts[0].to_string();
      }
      message.bytes = parts.at(expected - 1).to_string();
      batch.push_back(std::move(message));
    }
    return true;
  }

  void run() {
    std::array<zmq::pollitem_t, 2> items{
        {{socket.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, wake_fd, ZMQ_POLLIN, 0}}};
    bool running = true;
    while (running) {
      zmq::poll(items.data(), items.size(),
                std::chrono::milliseconds(backlog.empty() ? -1 : kRetryMs));
      running = take_queue();
      flush();
      std::vector<Incoming> batch;
      while (batch.size() < kReceiveBatch && receive_one(batch)) {
      }
      if (!batch.empty()) {
        receive(std::move(batch));
      }
    }
  }

  void start() {
    thread = std::thread([this] { run(); });
  }
};

ZmqTransport::ZmqTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqTransport::~ZmqTransport() = default;

Result<std::unique_ptr<ZmqTransport>> ZmqTransport::bind(const std::vector<std::string>& endpoints,
                                                         ReceiveCallback receive) {
  auto impl = std::make_unique<Impl>(true, std::move(receive));
  for (const std::string& endpoint : endpoints) {
    try {
      impl->socket.bind(endpoint);
      impl->bound.push_back(impl->socket.get(zmq::sockopt::last_endpoint));
    } catch (const zmq::error_t& error) {
      const Errc code = error.num() == EADDRINUSE ? Errc::busy : Errc::invalid_input;
      return Error{code, "cannot listen on " + endpoint + ": " + error.what()};
    }
  }
  impl->start();
  return std::unique_ptr<ZmqTransport>(new ZmqTransport(std::move(impl)));
}

Result<std::unique_ptr<ZmqTransport>> ZmqTransport::connect(const std::string& endpoint,
                                                            ReceiveCallback receive) {
  auto impl = std::make_unique<Impl>(false, std::move(receive));
  try {
    impl->socket.connect(endpoint);
  } catch (const zmq::error_t& error) {
    return Error{Errc::invalid_input, "cannot connect to " + endpoint + ": " + error.what()};
  }
  impl->start();
  return std::unique_ptr<ZmqTransport>(new ZmqTransport(std::move(impl)));
}

void ZmqTransport::send(const PeerId& peer, std::string bytes) {
  bool first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    first = impl_->queue.empty();
    impl_->queue.push_back({peer, std::move(bytes)});
  }
  if (first) {
    impl_->wake();
  }
}

const std::vector<std::string>& ZmqTransport::endpoints() const {
  return impl_->bound;
}

Result<bool> is_loopback_endpoint(const std::string& endpoint) {
  if (endpoint.starts_with("ipc://") && endpoint.size() > 6) {
    return true;
  }
  constexpr std::string_view kTcp = "tcp://";
  const std::size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with(kTcp) || colon <= kTcp.size() || colon + 1 == endpoint.size()) {
    return Error{
        Errc::invalid_input,
        "'" + endpoint + "' is no endpoint: tcp://HOST:PORT, such as tcp://127.0.0.1:5555"};
  }
  const std::string host = endpoint.substr(kTcp.size(), colon - kTcp.size());
  in_addr address{};
  const bool ipv4 = inet_pton(AF_INET, host.c_str(), &address) == 1;
  return (ipv4 && (ntohl(address.s_addr) >> 24) == 127) || host == "localhost" || host == "[::1]";
}

}  // namespace fd
