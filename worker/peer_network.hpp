#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/keys/allow_list.hpp"
#include "actors/keys/curve_keys.hpp"
#include "actors/transport/zmq_transport.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Returns an error unless `endpoint` is on this machine, or `open_wire` (there are keys, or
/// plaintext was allowed). Errors: refused, saying what to give; invalid_input (no endpoint).
/// `what` goes before the endpoint in the text.
Result<void> check_wire(const std::string& what, const std::string& endpoint, bool open_wire);

/// The ways between workers. With keys every one of them is CURVE: a worker lets in whom its
/// coordinator's orders name, under the keys that they name. Thread: any.
class PeerNetwork {
 public:
  /// `own`: the keys of this worker; nothing: plaintext, and off this machine only when allowed.
  PeerNetwork(ZmqContext context, std::optional<CurveKeyPair> own, bool allow_plaintext);

  /// Serves other workers at `endpoint`; until known() has named some, it lets nobody in.
  /// Errors: as ZmqTransport::bind, and refused.
  Result<std::unique_ptr<ZmqTransport>> listen(const std::string& endpoint,
                                               ReceiveCallback receive) const;
  /// Opens the way to a peer. Errors: as ZmqTransport::connect, and refused: the peer has keys and
  /// this worker has none, or the other way round.
  Result<std::unique_ptr<Transport>> connect(const PeerInfo& peer, ReceiveCallback receive) const;
  /// From now on these may come, and no others.
  void known(const std::vector<PeerInfo>& peers) const;
  /// Returns the public key that others are to know; empty: plaintext.
  [[nodiscard]] std::string public_key() const { return own_ ? own_->public_key.z85 : ""; }

 private:
  ZmqContext context_;  ///< of all that connect() makes
  std::optional<CurveKeyPair> own_;
  bool allow_plaintext_;
  std::shared_ptr<AllowList> allowed_ = std::make_shared<AllowList>();
};

}  // namespace fd
