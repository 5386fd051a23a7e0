#include "actors/gateway/openai/error_text.hpp"

#include <algorithm>

#include "protocol/base/escape.hpp"
#include "protocol/base/utf8.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::string_view kHidden = "[redacted]";

/// Returns how many bytes at the start of `text` stand together somewhere in `secret`.
std::size_t longest_piece(std::string_view text, std::string_view secret) {
  std::size_t longest = 0;
  for (std::size_t from = 0; from < secret.size(); ++from) {
    const std::size_t most = std::min(text.size(), secret.size() - from);
    std::size_t length = 0;
    while (length < most && text[length] == secret[from + length]) {
      ++length;
    }
    longest = std::max(longest, length);
  }
  return longest;
}

/// Returns how many bytes at the start of `text` must not be shown.
std::size_t secret_bytes(std::string_view text, std::span<const std::string> secrets) {
  std::size_t hidden = 0;
  for (const std::string& secret : secrets) {
    if (secret.size() >= kSecretMinBytes) {
      const std::size_t length = longest_piece(text, secret);
      if (length >= std::min(secret.size(), kSecretPieceBytes)) {
        hidden = std::max(hidden, length);
      }
    }
  }
  return hidden;
}

}  // namespace

std::string shown(std::string_view text) {
  std::size_t end = std::min(text.size(), kShownBytes);
  if (end < text.size()) {
    // Not in the middle of a character, which would show as a replacement that nobody sent.
    for (int back = 0; back < 3 && end > 0 && continues_character(text[end]); ++back) {
      --end;
    }
  }
  const std::string valid = json::replace_invalid_utf8(text.substr(0, end));
  std::string out = escaped(valid, [](std::uint32_t code) {
    return is_control(code) ? "\\u00" + hex_byte(static_cast<unsigned char>(code)) : "";
  });
  if (end < text.size()) {
    out += "...";
  }
  return out;
}

std::string redact(std::string text, std::span<const std::string> secrets) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t hidden = secret_bytes(std::string_view(text).substr(at), secrets);
    if (hidden == 0) {
      out += text[at++];
    } else {
      out += kHidden;
      at += hidden;
    }
  }
  return out;
}

}  // namespace fd
