#pragma once

#include <zmq.hpp>

#include "actors/keys/curve_keys.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Sets every limit of transport_limits.hpp. Requires: `socket` is neither bound nor connected.
void set_limits(zmq::socket_t& socket);
/// Makes a connecting `socket`, and whoever it connects to, close a connection that is mute.
void set_heartbeats(zmq::socket_t& socket);
/// Makes `socket` take CURVE alone, and only whom a ZAP handler admits: also when there is none.
/// Errors: refused (the library cannot promise that). Requires: the handler runs; not bound yet.
Result<void> set_server_keys(zmq::socket_t& socket, const CurveKeyPair& own);
/// Makes `socket` speak CURVE with the one server that has this key. Requires: not connected yet.
void set_client_keys(zmq::socket_t& socket, const CurveKeyPair& own, const CurvePublicKey& server);

}  // namespace fd
