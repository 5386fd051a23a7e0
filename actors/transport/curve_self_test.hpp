#pragma once

#include <string>

#include "actors/keys/curve_keys.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Connects to `endpoint` as a stranger, with a key that is on no list, and waits to be refused by
/// the server with the key `server`. Called before a coordinator says that it is ready: a library
/// or a setting that lets strangers in is found here. Errors: refused, for anything but a refusal
/// (also when none comes within kSelfTestMs).
Result<void> expect_stranger_refused(const std::string& endpoint, const CurvePublicKey& server,
                                     const CurveKeyPair& stranger);

}  // namespace fd
