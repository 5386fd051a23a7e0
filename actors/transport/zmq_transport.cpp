#include "actors/transport/zmq_transport.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <zmq.hpp>

#include "actors/system/thread_name.hpp"
#include "actors/system/wake_event.hpp"
#include "actors/transport/curve_self_test.hpp"
#include "actors/transport/handshake_monitor.hpp"
#include "actors/transport/message_check.hpp"
#include "actors/transport/socket_options.hpp"
#include "actors/transport/transport_limits.hpp"
#include "actors/transport/zap_handler.hpp"

namespace fd {
namespace {

constexpr std::size_t kReceiveBatch = 256;  // messages looked at before the next are sent
constexpr long kRetryMs = 2;                // when a peer's pipe was full

}  // namespace

struct ZmqTransport::Impl {
  struct Outgoing {
    PeerId peer;
    std::string bytes;
  };

  ZmqContext context;
  zmq::socket_t socket;
  bool router = false;
  TransportSecurity security;
  std::unique_ptr<HandshakeMonitor> monitor;
  std::unique_ptr<ZapHandler> zap;     // of a bound socket with keys
  std::optional<CurveKeyPair> tester;  // the stranger of the start-up test
  WakeEvent woken;
  ReceiveCallback receive;
  std::vector<std::string> bound;
  std::mutex mutex;
  std::vector<Outgoing> queue;   // guarded by mutex
  bool reconnect_asked = false;  // guarded by mutex
  bool stopping = false;         // guarded by mutex
  std::function<void()> connected;
  // Of the thread alone:
  const SystemClock clock;
  std::string endpoint;                 // of a connecting side
  std::optional<HandshakeJudge> judge;  // as above
  std::optional<Instant> connect_at;    // when to connect again
  std::deque<Outgoing> backlog;         // taken from the queue, not sent yet
  std::optional<MessageCheck> check;
  std::thread thread;

  /// `traffic`: of a connecting side; none: a listening one. Errors: invalid_input: too few open
  /// files are allowed.
  static Result<std::unique_ptr<Impl>> make(ZmqContext context, std::optional<Traffic> traffic,
                                            TransportSecurity how, ReceiveCallback callback) {
    FD_TRY(WakeEvent wake, WakeEvent::make());
    try {
      return std::make_unique<Impl>(std::move(context), std::move(wake), traffic, std::move(how),
                                    std::move(callback));
    } catch (const zmq::error_t& error) {
      return Error{Errc::invalid_input, std::string("cannot open a socket: ") + error.what()};
    }
  }
  /// Throws zmq::error_t.
  Impl(ZmqContext shared, WakeEvent wake, std::optional<Traffic> traffic, TransportSecurity how,
       ReceiveCallback callback)
      : context(std::move(shared)),
        socket(context.get(), traffic ? zmq::socket_type::dealer : zmq::socket_type::router),
        router(!traffic),
        security(std::move(how)),
        woken(std::move(wake)),
        receive(std::move(callback)) {
    set_limits(socket);
    if (traffic == Traffic::control) {
      set_heartbeats(socket);
    }
    monitor = std::make_unique<HandshakeMonitor>(context.get(), socket, router);
  }
  ~Impl() {
    if (thread.joinable()) {
      {
        const std::lock_guard lock(mutex);
        stopping = true;
      }
      woken.wake();
      thread.join();
    }
    monitor.reset();
    socket.close();
    zap.reset();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Moves what is queued to the backlog; returns false when the thread should end.
  bool take_queue() {
    woken.clear();
    std::vector<Outgoing> taken;
    bool stop = false;
    {
      const std::lock_guard lock(mutex);
      taken.swap(queue);
      stop = stopping;
      if (std::exchange(reconnect_asked, false)) {
        connect_at = clock.now();
      }
    }
    for (Outgoing& message : taken) {
      backlog.push_back(std::move(message));
    }
    return !stop;
  }

  /// Returns false when the peer's pipe is full.
  bool try_send(const Outgoing& message) {
    try {
      if (router && !socket.send(zmq::buffer(routing_id(message.peer)),
                                 zmq::send_flags::sndmore | zmq::send_flags::dontwait)) {
        return false;
      }
      return socket.send(zmq::buffer(message.bytes), zmq::send_flags::dontwait).has_value();
    } catch (const zmq::error_t& error) {
      return error.num() != EAGAIN;  // EHOSTUNREACH: the peer is gone, and so is the message
    }
  }

  /// Sends the backlog. A full pipe holds back only the peer it belongs to.
  void flush() {
    std::deque<Outgoing> kept;
    std::set<PeerId> full;
    for (Outgoing& message : backlog) {
      if (full.contains(message.peer) || !try_send(message)) {
        full.insert(message.peer);
        kept.push_back(std::move(message));
      } else {
        std::string().swap(message.bytes);  // libzmq has its copy
      }
    }
    backlog = std::move(kept);
  }

  [[nodiscard]] bool checks_keys() const { return zap != nullptr; }

  /// A PeerId is the routing id and, where keys are checked, the key behind it.
  [[nodiscard]] std::string_view routing_id(const PeerId& peer) const {
    const std::string_view whole(peer);
    return checks_keys() && whole.size() >= kCurveKeyChars
               ? whole.substr(0, whole.size() - kCurveKeyChars)
               : whole;
  }

  /// Receives one whole message and adds it to the batch, or refuses it. Returns whether there was
  /// one.
  bool receive_one(std::vector<Incoming>& batch) {
    const std::size_t expected = router ? 2 : 1;
    std::array<zmq::message_t, 2> parts;
    std::size_t count = 0;
    CurvePublicKey key;
    for (bool more = true; more; ++count) {
      zmq::message_t part;
      if (!socket.recv(part, zmq::recv_flags::dontwait)) {
        return false;
      }
      more = part.more();
      if (checks_keys() && key.z85.empty()) {
        const char* user_id = zmq_msg_gets(part.handle(), "User-Id");
        key.z85 = user_id == nullptr ? "" : user_id;
      }
      if (count < expected) {
        parts.at(count) = std::move(part);
      }
    }
    auto user = check->sender(key, count, expected);
    if (!user) {
      return true;
    }
    Incoming message;
    message.user = std::move(*user);
    if (router) {
      message.peer = parts[0].to_string() + key.z85;
    }
    message.bytes = parts.at(expected - 1).to_string();
    batch.push_back(std::move(message));
    return true;
  }

  void notify(TransportNotice::Kind kind, std::string detail) const {
    const bool tested = tester && detail.find(tester->public_key.z85) != std::string::npos;
    if (security.notice && !tested) {
      security.notice({kind, std::move(detail)});
    }
  }

  /// Takes what the monitor tells of handshakes.
  void monitor_handshakes() {
    for (std::size_t looked = 0; looked < kReceiveBatch; ++looked) {
      auto event = monitor->next();
      if (!event) {
        return;
      }
      if (router) {
        notify(event->kind == HandshakeEvent::Kind::not_taken
                   ? TransportNotice::Kind::open_failed
                   : TransportNotice::Kind::handshake_failed,
               std::move(event->detail));
        continue;
      }
      if (event->kind == HandshakeEvent::Kind::succeeded && connected) {
        connected();
      }
      switch (judge->take(clock.now(), event->kind)) {
        case HandshakeJudge::Next::connect_again:
          connect_at = clock.now() + reconnect_delay(judge->failures());
          break;
        case HandshakeJudge::Next::give_up:
          reject(*event);
          break;
        case HandshakeJudge::Next::wait:
          break;
      }
    }
  }

  /// Requires: somebody listens; without that the judge never gives up.
  void reject(const HandshakeEvent& event) const {
    const std::string why = event.kind == HandshakeEvent::Kind::mismatch
                                ? event.detail
                                : "server key mismatch or not on the allow-list";
    security.rejected({Errc::refused, endpoint + ": " + why + " (" +
                                          std::to_string(judge->failures()) +
                                          " handshakes were refused)"});
  }

  /// Connects again where libzmq does not: it never does after a refusal, or while the connection
  /// that it has seems well.
  void connect_when_due() {
    if (!connect_at || clock.now() < *connect_at) {
      return;
    }
    connect_at.reset();
    try {
      socket.disconnect(endpoint);
    } catch (const zmq::error_t&) {
      // It has forgotten the endpoint, which is what is wanted.
    }
    try {
      socket.connect(endpoint);
    } catch (const zmq::error_t&) {
      connect_at = clock.now() + reconnect_delay(kHandshakesRefusedMax);
    }
  }

  /// Returns how long the thread may sleep when nothing comes. Units: milliseconds; -1: for ever.
  [[nodiscard]] long patience_ms() const {
    if (!backlog.empty()) {
      return kRetryMs;
    }
    if (!connect_at) {
      return -1;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*connect_at - clock.now()).count();
    return std::max<long>(left, 0);
  }

  void run() {
    std::array<zmq::pollitem_t, 3> items{{{socket.handle(), 0, ZMQ_POLLIN, 0},
                                          {nullptr, woken.get(), ZMQ_POLLIN, 0},
                                          {monitor->handle(), 0, ZMQ_POLLIN, 0}}};
    bool running = true;
    while (running) {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds(patience_ms()));
      monitor_handshakes();
      running = take_queue();
      connect_when_due();
      flush();
      std::vector<Incoming> batch;
      for (std::size_t looked = 0; looked < kReceiveBatch && receive_one(batch); ++looked) {
      }
      if (!batch.empty()) {
        receive(std::move(batch));
      }
    }
  }

  /// `name`: of the thread.
  void start(const char* name) {
    check.emplace(checks_keys() ? security.allowed.get() : nullptr,
                  [this](TransportNotice::Kind kind, std::string detail) {
                    notify(kind, std::move(detail));
                  });
    thread = std::thread([this, name] {
      name_thread(name);
      run();
    });
  }
};

ZmqTransport::ZmqTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqTransport::~ZmqTransport() = default;

Result<std::unique_ptr<ZmqTransport>> ZmqTransport::bind(const std::vector<std::string>& endpoints,
                                                         TransportSecurity security,
                                                         ReceiveCallback receive) {
  // Its own context: ZAP is one handler, and so one allow-list, for a whole context.
  FD_TRY(ZmqContext context, ZmqContext::make());
  FD_TRY(auto impl,
         Impl::make(std::move(context), std::nullopt, std::move(security), std::move(receive)));
  if (impl->security.own) {
    FD_CHECK(impl->security.allowed != nullptr);
    FD_TRY_VOID(check_curve_library());
    // In this order: whoever comes in through a socket that is bound must find the handler there.
    FD_TRY(impl->zap, ZapHandler::make(impl->context, impl->security.allowed,
                                       [raw = impl.get()](std::string detail) {
                                         raw->notify(TransportNotice::Kind::handshake_refused,
                                                     std::move(detail));
                                       }));
    FD_TRY_VOID(set_server_keys(impl->socket, *impl->security.own));
    FD_TRY(impl->tester, make_curve_key_pair());
  }
  for (const std::string& endpoint : endpoints) {
    try {
      impl->socket.bind(endpoint);
      impl->bound.push_back(impl->socket.get(zmq::sockopt::last_endpoint));
    } catch (const zmq::error_t& error) {
      const Errc code = error.num() == EADDRINUSE ? Errc::busy : Errc::invalid_input;
      return Error{code, "cannot listen on " + endpoint + ": " + error.what()};
    }
  }
  impl->start("fd-zmq-listen");
  if (impl->tester) {
    FD_TRY_VOID(expect_stranger_refused(impl->bound.front(), impl->security.own->public_key,
                                        *impl->tester));
  }
  return std::unique_ptr<ZmqTransport>(new ZmqTransport(std::move(impl)));
}

Result<std::unique_ptr<ZmqTransport>> ZmqTransport::connect(
    const ZmqContext& context, const std::string& endpoint, TransportSecurity security,
    Traffic traffic, ReceiveCallback receive, std::function<void()> connected) {
  FD_TRY(auto impl, Impl::make(context, traffic, std::move(security), std::move(receive)));
  impl->connected = std::move(connected);
  if (impl->security.own) {
    FD_CHECK(impl->security.server.has_value());
    FD_TRY_VOID(check_curve_library());
    set_client_keys(impl->socket, *impl->security.own, *impl->security.server);
  }
  impl->judge.emplace(impl->security.own.has_value(), !impl->security.rejected);
  impl->endpoint = endpoint;
  try {
    impl->socket.connect(endpoint);
  } catch (const zmq::error_t& error) {
    return Error{Errc::invalid_input, "cannot connect to " + endpoint + ": " + error.what()};
  }
  impl->start(traffic == Traffic::control ? "fd-zmq-control" : "fd-zmq-bulk");
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
    impl_->woken.wake();
  }
}

void ZmqTransport::reconnect() {
  if (impl_->router) {
    return;
  }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->reconnect_asked = true;
  }
  impl_->woken.wake();
}

const std::vector<std::string>& ZmqTransport::endpoints() const {
  return impl_->bound;
}

}  // namespace fd
