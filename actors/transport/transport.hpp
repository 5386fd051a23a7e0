#pragma once

#include <functional>
#include <string>
#include <vector>

namespace fd {

/// Names a peer for as long as its connection lives. Empty: the one peer of a connecting side.
using PeerId = std::string;

/// One message as it came in.
struct Incoming {
  PeerId peer;
  std::string bytes;
  /// Whose key the connection has proved to have, by the allow-list; empty on a plaintext wire. Who
  /// a peer is follows from this alone, never from its PeerId.
  std::string user;
};

/// Called on the transport's thread with all messages that were there: must only hand them on.
using ReceiveCallback = std::function<void(std::vector<Incoming>)>;

/// The way to other processes. May lose, but never damages or splits a message; whoever needs an
/// answer repeats. Thread: any.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Queues `bytes` for `peer`. A peer that is gone: the message is dropped.
  virtual void send(const PeerId& peer, std::string bytes) = 0;
  /// Gives the connection up, and what is on its way there, for a new one. Does nothing on a side
  /// that did not connect.
  virtual void reconnect() {}
};

}  // namespace fd
