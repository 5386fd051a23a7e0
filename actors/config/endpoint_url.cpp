#include "actors/config/endpoint_url.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <arpa/inet.h>

#include "protocol/base/ascii.hpp"

namespace fd {
namespace {

constexpr std::size_t kMaxHost = 253;

using Ipv6 = std::array<std::uint8_t, 16>;
using Ipv4 = std::array<std::uint8_t, 4>;

Error refused(std::string what) {
  return {Errc::invalid_input, std::move(what)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_host_character(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
}

bool is_link_local(const Ipv4& ip) {
  return ip[0] == 169 && ip[1] == 254;
}

/// Checks IPv4 and where it points; `host` is only digits and dots, or looks like a number.
Result<bool> ipv4_loopback(const std::string& host) {
  Ipv4 ip{};
  if (inet_pton(AF_INET, host.c_str(), ip.data()) != 1) {
    return refused("the host is neither a name nor an IPv4 address in the form 192.0.2.1");
  }
  if (is_link_local(ip)) {
    return refused("link-local addresses (169.254.0.0/16) are refused");
  }
  return ip[0] == 127;
}

Result<bool> ipv6_loopback(const std::string& host) {
  Ipv6 ip{};
  if (inet_pton(AF_INET6, host.c_str(), ip.data()) != 1) {
    return refused("the host in brackets is no IPv6 address");
  }
  // IPv4 inside IPv6: ::ffff:a.b.c.d (mapped), ::a.b.c.d (compatible), 64:ff9b::a.b.c.d (NAT64).
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
  static constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b};
  static constexpr std::array<std::uint8_t, 12> kZero = {};
  const auto has_prefix = [&](const std::array<std::uint8_t, 12>& prefix) {
    return std::equal(prefix.begin(), prefix.end(), ip.begin());
  };
  const Ipv4 inner = {ip[12], ip[13], ip[14], ip[15]};
  const bool mapped = has_prefix(kMapped);
  const bool holds_ipv4 = mapped || has_prefix(kNat64) || has_prefix(kZero);
  const bool link_local = ip[0] == 0xfe && (ip[1] & 0xc0u) == 0x80u;
  if (link_local || (holds_ipv4 && is_link_local(inner))) {
    return refused("link-local addresses (fe80::/10, 169.254.0.0/16) are refused");
  }
  const bool one = has_prefix(kZero) && inner == Ipv4{0, 0, 0, 1};
  return one || (mapped && inner[0] == 127);
}

/// Returns whether programs may read the name as a number: its last label is digits or 0x...
bool looks_numeric(std::string_view host) {
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  const std::string_view label = host.substr(host.rfind('.') + 1);
  return !label.empty() &&
         (std::all_of(label.begin(), label.end(), is_ascii_digit) || label.starts_with("0x"));
}

Result<bool> host_loopback(const std::string& host, bool bracketed) {
  if (host.empty()) {
    return refused("the host is missing");
  }
  if (bracketed) {
    return ipv6_loopback(host);
  }
  if (host.size() > kMaxHost || !std::all_of(host.begin(), host.end(), is_host_character)) {
    return refused("the host is not a name of letters, digits, '.', '-' and '_'");
  }
  if (looks_numeric(host)) {
    return ipv4_loopback(host);
  }
  return host == "localhost" || host.ends_with(".localhost");
}

Result<void> check_port(std::string_view port) {
  std::uint32_t number = 0;
  for (const char c : port.substr(0, 6)) {
    number = is_ascii_digit(c) ? number * 10 + static_cast<std::uint32_t>(c - '0') : 100000;
  }
  if (port.empty() || port.size() > 5 || number == 0 || number > 65535) {
    return refused("the port must be in [1, 65535]");
  }
  return {};
}

/// Removes the scheme; returns whether it is https.
Result<bool> take_scheme(std::string_view& url) {
  const std::string start = lower(url.substr(0, 8));
  const bool https = start == "https://";
  if (!https && !start.starts_with("http://")) {
    return refused("must begin with http:// or https://");
  }
  url.remove_prefix(https ? 8 : 7);
  return https;
}

Result<void> check_characters(std::string_view url) {
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '\\') {
      return refused("must not hold white space, backslashes, control or non-ASCII characters");
    }
  }
  return {};
}

/// The host and port of a URL.
struct Authority {
  std::string host;
  bool bracketed = false;
  std::string_view rest;  ///< what follows the host: nothing, or ":port"
};

Result<Authority> split_authority(std::string_view text) {
  Authority out;
  out.bracketed = text.starts_with('[');
  const std::size_t end = out.bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) {
    return refused("the bracket around the host is not closed");
  }
  out.host = lower(text.substr(out.bracketed ? 1 : 0, out.bracketed ? end - 1 : end));
  out.rest = text.substr(out.bracketed ? end + 1 : end);
  return out;
}

}  // namespace

Result<EndpointUrl> parse_endpoint_url(std::string_view url) {
  EndpointUrl out;
  FD_TRY_VOID(check_characters(url));
  FD_TRY(out.https, take_scheme(url));
  const std::string_view text = url.substr(0, url.find_first_of("/?#"));
  if (text.find('@') != std::string_view::npos) {
    return refused("must not hold credentials; name a variable in api_key_env");
  }
  if (url.find_first_of("?#") != std::string_view::npos) {
    return refused("must not have a query (?) or a fragment (#)");
  }
  FD_TRY(const Authority authority, split_authority(text));
  if (authority.rest.starts_with(':')) {
    FD_TRY_VOID(check_port(authority.rest.substr(1)));
  } else if (!authority.rest.empty()) {
    return refused("the host is followed by something that is no port");
  }
  out.host = authority.host;
  FD_TRY(out.loopback, host_loopback(out.host, authority.bracketed));
  return out;
}

}  // namespace fd
