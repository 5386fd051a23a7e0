#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/keys/allow_list.hpp"
#include "actors/keys/curve_keys.hpp"

namespace fd {

/// Something that a transport refused, or that it had to do without.
struct TransportNotice {
  enum class Kind {
    handshake_refused,  ///< a key that is not on the list
    handshake_failed,   ///< another server key, another mechanism, or no ZeroMQ at all
    key_removed,        ///< a message under a key that is no longer on the list
    frame_count,        ///< a message of another shape than ours
    peer_refused,       ///< a peer that sent too many of those: nothing of it counts any more
    open_failed,        ///< no more connections can be taken (open files)
  };
  Kind kind;
  std::string detail;  ///< who and why; the caller bounds how often it is written
};

/// Who may speak, and how a side proves who it is. Without `own` the wire is plaintext, which is
/// for loopback. Everything here is read on threads of the transport.
struct TransportSecurity {
  std::optional<CurveKeyPair> own;
  /// Of bind(), with `own`: required then. May be changed while the transport runs.
  std::shared_ptr<AllowList> allowed;
  /// Of connect(), with `own`: required then.
  std::optional<CurvePublicKey> server;
  /// Hears of what was refused. Must only hand it on. May be empty.
  std::function<void(const TransportNotice&)> notice;
  /// Of connect(): hears once that the other side will not have us (its key, or ours, is not the
  /// one expected). Empty: it is tried for ever.
  std::function<void(const Error&)> rejected;
};

}  // namespace fd
