#include "actors/transport/socket_options.hpp"

#include <string>

#include "actors/transport/transport_limits.hpp"
#include "actors/transport/zap.hpp"

namespace fd {
namespace {

/// ZMQ_ZAP_ENFORCE_DOMAIN: without it libzmq admits everyone while no handler is there. Its name is
/// hidden from builds without drafts, so it is set by number, and what that returns is checked.
constexpr int kZapEnforceDomain = 93;

}  // namespace

void set_limits(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::maxmsgsize, kWireMessageBytesMax);
  socket.set(zmq::sockopt::sndhwm, kWireHighWaterMark);
  socket.set(zmq::sockopt::rcvhwm, kWireHighWaterMark);
  socket.set(zmq::sockopt::linger, kWireLingerMs);
  socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, kWireKeepaliveIdleS);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, kWireKeepaliveIntervalS);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, kWireKeepaliveCount);
  socket.set(zmq::sockopt::tcp_maxrt, kWireUnconfirmedMs);
  if (socket.get(zmq::sockopt::type) == static_cast<int>(zmq::socket_type::router)) {
    socket.set(zmq::sockopt::backlog, kWireBacklog);
    socket.set(zmq::sockopt::router_mandatory, true);
  } else {
    socket.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
    socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
  }
}

void set_heartbeats(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::heartbeat_ivl, kWireHeartbeatMs);
  socket.set(zmq::sockopt::heartbeat_timeout, kWireHeartbeatTimeoutMs);
  socket.set(zmq::sockopt::heartbeat_ttl, kWireHeartbeatTtlMs);
}

Result<void> set_server_keys(zmq::socket_t& socket, const CurveKeyPair& own) {
  socket.set(zmq::sockopt::zap_domain, kZapDomain);
  const int on = 1;
  if (zmq_setsockopt(socket.handle(), kZapEnforceDomain, &on, sizeof on) != 0) {
    return Error{Errc::refused, std::string("libzmq cannot refuse strangers for certain "
                                            "(ZMQ_ZAP_ENFORCE_DOMAIN: ") +
                                    zmq_strerror(zmq_errno()) + ")"};
  }
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, own.secret.reveal());
  return {};
}

void set_client_keys(zmq::socket_t& socket, const CurveKeyPair& own, const CurvePublicKey& server) {
  socket.set(zmq::sockopt::curve_serverkey, server.z85);
  socket.set(zmq::sockopt::curve_publickey, own.public_key.z85);
  socket.set(zmq::sockopt::curve_secretkey, own.secret.reveal());
}

}  // namespace fd
