#include "actors/transport/handshake_monitor.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "actors/transport/transport_limits.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

constexpr int kServerEvents = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                              ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_ACCEPT_FAILED;
constexpr int kClientEvents =
    ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

/// Returns what a failure to follow the protocol was about.
std::string protocol_error(std::uint32_t code) {
  switch (code) {
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
      return "it was made for another server key";
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
      return "the other side speaks another mechanism (CURVE here, plaintext there, or the "
             "reverse)";
    default: {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), "protocol error 0x%x", code);
      return text.data();
    }
  }
}

/// Returns an endpoint that no other socket of the context has.
std::string monitor_endpoint(const zmq::socket_t& monitored) {
  return "inproc://fd-handshakes-" +
         std::to_string(reinterpret_cast<std::uintptr_t>(monitored.handle()));
}

HandshakeEvent event_of(std::uint16_t event, std::uint32_t value) {
  switch (event) {
    case ZMQ_EVENT_CONNECTED:
      return {HandshakeEvent::Kind::connected, ""};
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return {HandshakeEvent::Kind::succeeded, ""};
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return {HandshakeEvent::Kind::refused, "status " + std::to_string(value)};
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return {HandshakeEvent::Kind::mismatch, protocol_error(value)};
    case ZMQ_EVENT_ACCEPT_FAILED:
      return {HandshakeEvent::Kind::not_taken, std::strerror(static_cast<int>(value))};
    default:
      return {HandshakeEvent::Kind::cut, "the connection ended before its handshake"};
  }
}

}  // namespace

HandshakeMonitor::HandshakeMonitor(zmq::context_t& context, zmq::socket_t& monitored, bool server)
    : monitored_(monitored), reader_(context, zmq::socket_type::pair) {
  // Without a limit: the monitor's sender waits for room while it holds a lock that ending it
  // needs.
  reader_.set(zmq::sockopt::rcvhwm, 0);
  reader_.set(zmq::sockopt::linger, 0);
  const std::string endpoint = monitor_endpoint(monitored);
  if (zmq_socket_monitor(monitored.handle(), endpoint.c_str(),
                         server ? kServerEvents : kClientEvents) != 0) {
    throw zmq::error_t();
  }
  reader_.connect(endpoint);
}

HandshakeMonitor::~HandshakeMonitor() {
  zmq_socket_monitor(monitored_.handle(), nullptr, 0);
}

std::optional<HandshakeEvent> HandshakeMonitor::next() {
  zmq::message_t what;
  if (!reader_.recv(what, zmq::recv_flags::dontwait)) {
    return std::nullopt;
  }
  for (bool more = what.more(); more;) {
    zmq::message_t address;
    more = reader_.recv(address, zmq::recv_flags::dontwait) && address.more();
  }
  std::uint16_t event = 0;
  std::uint32_t value = 0;
  if (what.size() < sizeof event + sizeof value) {
    return std::nullopt;
  }
  std::memcpy(&event, what.data(), sizeof event);
  std::memcpy(&value, static_cast<const char*>(what.data()) + sizeof event, sizeof value);
  return event_of(event, value);
}

HandshakeJudge::Next HandshakeJudge::failed(Next otherwise) {
  if (gave_up_) {
    return Next::wait;
  }
  gave_up_ = ++failures_ >= kHandshakesRefusedMax && !patient_;
  return gave_up_ ? Next::give_up : otherwise;
}

HandshakeJudge::Next HandshakeJudge::take(Instant now, HandshakeEvent::Kind kind) {
  switch (kind) {
    case HandshakeEvent::Kind::connected:
      connected_ = now;
      return Next::wait;
    case HandshakeEvent::Kind::succeeded:
      succeeded_once_ = true;
      failures_ = 0;
      return Next::wait;
    case HandshakeEvent::Kind::refused:
    case HandshakeEvent::Kind::mismatch:
      return failed(Next::connect_again);
    case HandshakeEvent::Kind::cut: {
      const bool at_once = now - connected_ < std::chrono::milliseconds(kHandshakeMs / 2);
      return with_keys_ && at_once && !succeeded_once_ ? failed(Next::wait) : Next::wait;
    }
    case HandshakeEvent::Kind::not_taken:
      break;
  }
  return Next::wait;
}

Duration reconnect_delay(std::uint32_t failures) {
  const int doubled = kReconnectMs << std::min(failures, 10u);
  return std::chrono::milliseconds(std::min(doubled, kReconnectMaxMs));
}

}  // namespace fd
