#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <zmq.hpp>

#include "actors/system/clock.hpp"

namespace fd {

/// What became of an attempt to connect, as libzmq's monitor tells it.
struct HandshakeEvent {
  enum class Kind {
    connected,  ///< TCP alone
    succeeded,  ///< the peer may speak
    refused,    ///< the server's ZAP handler said no; libzmq does not try again by itself
    mismatch,   ///< the peer speaks another mechanism or protocol; as above
    cut,        ///< the peer closed, or said nothing for too long; libzmq tries again
    not_taken,  ///< accept() failed
  };
  Kind kind;
  std::string detail;
};

/// Listens to the monitor of one socket. Thread: the socket's. Lifetime: ends before the socket.
class HandshakeMonitor {
 public:
  /// `server`: only what goes wrong matters; else everything about the handshake.
  /// Throws zmq::error_t, as a socket does, when too few files may be open.
  HandshakeMonitor(zmq::context_t& context, zmq::socket_t& monitored, bool server);
  ~HandshakeMonitor();
  HandshakeMonitor(const HandshakeMonitor&) = delete;
  HandshakeMonitor& operator=(const HandshakeMonitor&) = delete;

  /// Returns what to poll for input.
  [[nodiscard]] void* handle() { return reader_.handle(); }
  /// Returns the next event, or nothing when there is none. Never waits.
  std::optional<HandshakeEvent> next();

 private:
  zmq::socket_t& monitored_;
  zmq::socket_t reader_;
};

/// Decides when a connecting side is not wanted, as opposed to not answered yet. Pure.
class HandshakeJudge {
 public:
  enum class Next {
    wait,           ///< nothing to do: libzmq goes on by itself, or all is well
    connect_again,  ///< libzmq has given up, we have not
    give_up,        ///< said once
  };
  /// `with_keys`: a server with another key than we think cuts the connection without a word. So
  /// cuts count, unless they came late (the peer was busy) or after a handshake that succeeded (the
  /// keys were right).
  /// `patient`: never gives up.
  explicit HandshakeJudge(bool with_keys, bool patient = false)
      : with_keys_(with_keys), patient_(patient) {}
  Next take(Instant now, HandshakeEvent::Kind kind);
  /// Returns the failures in a row so far.
  [[nodiscard]] std::uint32_t failures() const { return failures_; }

 private:
  Next failed(Next otherwise);
  bool with_keys_;
  bool patient_;
  bool succeeded_once_ = false;
  bool gave_up_ = false;
  Instant connected_{};
  std::uint32_t failures_ = 0;
};

/// Returns how long to wait before attempt number `failures` + 1.
Duration reconnect_delay(std::uint32_t failures);

}  // namespace fd
