#include "actors/config/endpoint_url.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <curl/curl.h>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::size_t kMaxHost = 253;
constexpr const char* kNoName = "the host is not a name of letters, digits, '.', '-' and '_'";
constexpr const char* kNoPort = "the port must be in [1, 65535]";

using Ipv6 = std::array<std::uint8_t, 16>;
using Ipv4 = std::array<std::uint8_t, 4>;

Error refused(std::string what) {
  return {Errc::invalid_input, std::move(what)};
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

Result<bool> name_loopback(const std::string& host) {
  if (host.size() > kMaxHost || !std::all_of(host.begin(), host.end(), is_host_character)) {
    return refused(kNoName);
  }
  if (looks_numeric(host)) {
    return ipv4_loopback(host);
  }
  return host == "localhost" || host.ends_with(".localhost");
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

/// Says why libcurl does not take a URL with this authority.
std::string reason(CURLUcode code, std::string_view authority) {
  const std::size_t bracket =
      authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  switch (code) {
    case CURLUE_USER_NOT_ALLOWED:
      return "must not hold credentials; name a variable in api_key_env";
    case CURLUE_NO_HOST:
      return "the host is missing";
    case CURLUE_BAD_PORT_NUMBER:
      return bracket != std::string_view::npos && !authority.substr(bracket).starts_with("]:")
                 ? "the host is followed by something that is no port"
                 : kNoPort;
    case CURLUE_BAD_IPV6:
      return bracket == std::string_view::npos ? "the bracket around the host is not closed"
             : authority.starts_with("[]")     ? "the host is missing"
                                               : "the host in brackets is no IPv6 address";
    default:
      return kNoName;
  }
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  curl_url_get(url, part, &text, 0);
  const std::unique_ptr<char, void (*)(void*)> owner(text, curl_free);
  return text == nullptr ? "" : text;
}

}  // namespace

Result<EndpointUrl> parse_endpoint_url(std::string_view url) {
  FD_TRY_VOID(check_characters(url));
  EndpointUrl out;
  const std::string whole = lowered(url);
  out.https = whole.starts_with("https://");
  if (!out.https && !whole.starts_with("http://")) {
    return refused("must begin with http:// or https://");
  }
  const std::string_view text = std::string_view(whole).substr(out.https ? 8 : 7);
  const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  const CURLUcode code =  // libcurl skips a third slash
      authority.empty()
          ? CURLUE_NO_HOST
          : curl_url_set(parsed.get(), CURLUPART_URL, whole.c_str(), CURLU_DISALLOW_USER);
  if (code != CURLUE_OK) {
    return refused(reason(code, authority));
  }
  if (text.find_first_of("?#") != std::string_view::npos) {
    return refused("must not have a query (?) or a fragment (#)");
  }
  const bool bracketed = authority.starts_with('[');
  const std::size_t end =
      std::min(bracketed ? authority.find(']') + 1 : authority.find(':'), authority.size());
  const std::string_view port = authority.substr(end);
  if (port == ":" || port.size() > 6 || part_of(parsed.get(), CURLUPART_PORT) == "0") {
    return refused(kNoPort);
  }
  out.host = authority.substr(bracketed ? 1 : 0, bracketed ? end - 2 : end);
  if (bracketed) {
    FD_TRY(out.loopback, ipv6_loopback(out.host));
    return out;
  }
  FD_TRY(out.loopback, name_loopback(out.host));
  // libcurl decodes hosts, and reads numbers as addresses: what was judged must be what is called.
  if (part_of(parsed.get(), CURLUPART_HOST) != out.host) {
    return refused(kNoName);
  }
  return out;
}

std::string proxy_fault(std::string_view url) {
  const std::size_t mark = url.find("://");
  const std::string scheme = lowered(url.substr(0, std::min(mark, url.size())));
  static constexpr std::array kSchemes = {"http", "https", "socks5", "socks5h"};
  if (mark == std::string_view::npos || std::ranges::find(kSchemes, scheme) == kSchemes.end()) {
    return "must be \"environment\", or begin with http://, https://, socks5:// or socks5h://";
  }
  std::string_view address = url.substr(mark + 3);
  if (address.ends_with('/')) {
    address.remove_suffix(1);
  }
  if (address.find('@') != std::string_view::npos) {
    return "must not hold credentials; set proxy: environment and name them there";
  }
  if (address.find('/') != std::string_view::npos) {
    return "must not hold a path";
  }
  const Result<EndpointUrl> parsed = parse_endpoint_url("http://" + std::string(address));
  return parsed.ok() ? "" : parsed.error().message;
}

}  // namespace fd
