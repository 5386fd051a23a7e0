#pragma once

#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

/// The parts of an endpoint's base URL that decide whether it may be called.
struct EndpointUrl {
  bool https = false;
  std::string host;  ///< lower case, IPv6 without brackets
  bool loopback = false;
};

/// Reads a base URL. Refuses everything but http and https, credentials, queries, fragments, white
/// space, link-local addresses in any spelling, and hosts that only look like addresses.
/// Errors: invalid_input; the message never repeats the URL, which may hold a password.
Result<EndpointUrl> parse_endpoint_url(std::string_view url);

/// Returns what is wrong with the URL of a proxy; empty: nothing. It is http, https, socks5 or
/// socks5h, a host and a port, and no more. The message never repeats it.
std::string proxy_fault(std::string_view url);

}  // namespace fd
