#pragma once

#include <string>
#include <vector>

#include "actors/keys/allow_list.hpp"

namespace fd {

/// The domain that our sockets name; a ZAP request for another one is refused.
inline constexpr const char* kZapDomain = "fast-distill";

/// The answer to one ZAP request (ZeroMQ RFC 27).
struct ZapReply {
  std::vector<std::string> frames;  ///< empty: the request has no id, so it cannot be answered
  bool admitted = false;
  std::string detail;  ///< of a refusal: address, mechanism, key and why
};

/// Decides on one request: admitted is who comes with CURVE and a key on the list, under the
/// User-Id that is this key. Everything else is refused with status 400. Never fails.
ZapReply answer_zap(const std::vector<std::string>& request, const AllowList& allowed);

}  // namespace fd
