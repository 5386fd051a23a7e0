#include "actors/transport/curve_self_test.hpp"

#include <zmq.hpp>

#include "actors/transport/handshake_monitor.hpp"
#include "actors/transport/socket_options.hpp"
#include "actors/transport/transport_limits.hpp"
#include "actors/transport/zmq_context.hpp"

namespace fd {

Result<void> expect_stranger_refused(const std::string& endpoint, const CurvePublicKey& server,
                                     const CurveKeyPair& stranger) {
  const auto failed = [&](const std::string& why) {
    return Error{Errc::refused, "start-up test of " + endpoint + ": " + why};
  };
  FD_TRY(const ZmqContext context, ZmqContext::make());
  try {
    zmq::socket_t socket(context.get(), zmq::socket_type::dealer);
    set_limits(socket);
    socket.set(zmq::sockopt::linger, 0);
    set_client_keys(socket, stranger, server);
    HandshakeMonitor monitor(context.get(), socket, false);
    socket.connect(endpoint);
    const SystemClock clock;
    const Instant deadline = clock.now() + std::chrono::milliseconds(kSelfTestMs);
    while (clock.now() < deadline) {
      zmq::pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
      zmq::poll(&item, 1, std::chrono::milliseconds(kReconnectMs));
      while (const auto event = monitor.next()) {
        if (event->kind == HandshakeEvent::Kind::refused) {
          return {};
        }
        if (event->kind == HandshakeEvent::Kind::succeeded) {
          return failed("a key that is on no list was let in");
        }
      }
    }
  } catch (const zmq::error_t& error) {
    return failed(error.what());
  }
  return failed("a key that is on no list was not refused");
}

}  // namespace fd
