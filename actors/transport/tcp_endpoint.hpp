#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fd {

/// The two halves of tcp://HOST:PORT, as they stand there: an IPv6 host in its brackets, a port
/// that may be "*". Neither is empty.
struct TcpEndpoint {
  std::string host;
  std::string port;
};

/// Returns nothing for what is no tcp://HOST:PORT.
inline std::optional<TcpEndpoint> tcp_endpoint(std::string_view endpoint) {
  constexpr std::string_view kTcp = "tcp://";
  const std::size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with(kTcp) || colon <= kTcp.size() || colon + 1 == endpoint.size()) {
    return std::nullopt;
  }
  return TcpEndpoint{std::string(endpoint.substr(kTcp.size(), colon - kTcp.size())),
                     std::string(endpoint.substr(colon + 1))};
}

}  // namespace fd
