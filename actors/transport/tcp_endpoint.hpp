#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

/// The two halves of tcp://HOST:PORT, as they stand there: an IPv6 host in its brackets, a port
/// that may be "*". Neither is empty.
struct TcpEndpoint {
  std::string host;
  std::string port;
};

/// Returns nothing for what is no tcp://HOST:PORT.
std::optional<TcpEndpoint> tcp_endpoint(std::string_view endpoint);

/// Returns whether `endpoint` (tcp://host:port) can be reached from this machine only.
/// Errors: invalid_input, for what is no tcp:// or ipc:// endpoint.
Result<bool> is_loopback_endpoint(const std::string& endpoint);

}  // namespace fd
