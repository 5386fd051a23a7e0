#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/transport/transport.hpp"
#include "actors/transport/transport_security.hpp"
#include "actors/transport/zmq_context.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// What a connection is for.
enum class Traffic {
  control,  ///< small messages: a peer that says nothing for some seconds is taken for dead
  bulk,     ///< a large message may take minutes; only the kernel tells whether the peer is there
};

/// ZeroMQ behind Transport: ROUTER where bind() made it, DEALER where connect() did. One thread
/// owns the socket; senders reach it through a queue and an eventfd. With keys the wire is CURVE, a
/// PeerId holds the key of its peer, so that no peer can speak as another, and every message is
/// checked against the allow-list of that moment.
class ZmqTransport final : public Transport {
 public:
  /// Binds every endpoint, under a context of its own. Errors: invalid_input (not a usable
  /// endpoint, or too few open files are allowed), busy (address in use),
  /// refused (keys are wanted and cannot be relied on).
  static Result<std::unique_ptr<ZmqTransport>> bind(const std::vector<std::string>& endpoints,
                                                    TransportSecurity security,
                                                    ReceiveCallback receive);
  /// Connects under `context`, and keeps reconnecting; `connected` is called on the transport's
  /// thread each time it succeeded (empty: nobody asks). Errors: invalid_input, refused (as above).
  static Result<std::unique_ptr<ZmqTransport>> connect(const ZmqContext& context,
                                                       const std::string& endpoint,
                                                       TransportSecurity security, Traffic traffic,
                                                       ReceiveCallback receive,
                                                       std::function<void()> connected = {});
  /// Ends the thread, after it has handed what is queued to the context, which sends it.
  ~ZmqTransport() override;
  ZmqTransport(const ZmqTransport&) = delete;
  ZmqTransport& operator=(const ZmqTransport&) = delete;

  void send(const PeerId& peer, std::string bytes) override;
  void reconnect() override;
  /// Returns the addresses bound, with the ports that the system chose.
  [[nodiscard]] const std::vector<std::string>& endpoints() const;

 private:
  struct Impl;
  explicit ZmqTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd
