#include "actors/transport/tcp_endpoint.hpp"

#include <arpa/inet.h>

namespace fd {

std::optional<TcpEndpoint> tcp_endpoint(std::string_view endpoint) {
  constexpr std::string_view kTcp = "tcp://";
  const std::size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with(kTcp) || colon <= kTcp.size() || colon + 1 == endpoint.size()) {
    return std::nullopt;
  }
  return TcpEndpoint{std::string(endpoint.substr(kTcp.size(), colon - kTcp.size())),
                     std::string(endpoint.substr(colon + 1))};
}

Result<bool> is_loopback_endpoint(const std::string& endpoint) {
  if (endpoint.starts_with("ipc://") && endpoint.size() > 6) {
    return true;
  }
  const auto tcp = tcp_endpoint(endpoint);
  if (!tcp) {
    return Error{
        Errc::invalid_input,
        "'" + endpoint + "' is no endpoint: tcp://HOST:PORT, such as tcp://127.0.0.1:5555"};
  }
  const std::string& host = tcp->host;
  in_addr address{};
  const bool ipv4 = inet_pton(AF_INET, host.c_str(), &address) == 1;
  return (ipv4 && (ntohl(address.s_addr) >> 24) == 127) || host == "localhost" || host == "[::1]";
}

}  // namespace fd
