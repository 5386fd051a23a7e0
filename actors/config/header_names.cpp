#include "actors/config/header_names.hpp"

#include <algorithm>
#include <array>

#include "actors/config/text.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Returns whether `c` may stand in the name of a header (RFC 9110, 5.6.2).
bool is_token_character(char c) {
  return is_ascii_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

template <std::size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& names, std::string_view name) {
  return std::ranges::find(names, lowered(name)) != names.end();
}

}  // namespace

std::string header_name_fault(std::string_view name) {
  static constexpr auto kConnection = std::to_array<std::string_view>(
      {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
       "te", "trailer", "transfer-encoding", "upgrade"});
  static constexpr auto kOwn =
      std::to_array<std::string_view>({"accept", "accept-encoding", "content-encoding",
                                       "content-length", "content-type", "expect", "host"});
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character)) {
    return "is no name of a header";
  }
  if (is_one_of(kConnection, name)) {
    return "belongs to one connection and must not be set";
  }
  return is_one_of(kOwn, name) ? "is decided by the gateway and must not be set" : "";
}

bool is_key_header(std::string_view name) {
  return is_one_of(std::to_array<std::string_view>({"authorization", "api-key"}), name);
}

bool names_secret(std::string_view name) {
  static constexpr auto kWords =
      std::to_array<std::string_view>({"token", "cookie", "signature", "passwd"});
  std::string low = lowered(name);
  // Portkey's gateway is told by headers what to do, and "key" is part of its name.
  constexpr std::string_view kVendor = "x-portkey-";
  if (low.starts_with(kVendor)) {
    low.erase(0, kVendor.size());
  }
  return may_be_secret(low) || low == "sig" ||
         std::ranges::any_of(
             kWords, [&](std::string_view word) { return low.find(word) != std::string::npos; });
}

bool looks_secret(std::string_view value) {
  static constexpr auto kStarts =
      std::to_array<std::string_view>({"bearer ", "basic ", "sk-", "hf_", "gsk_", "aiza", "xai-"});
  const std::string low = lowered(trimmed(value));
  return std::ranges::any_of(kStarts,
                             [&](std::string_view start) { return low.starts_with(start); });
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace fd
