#include "protocol/base/escape.hpp"

#include "protocol/base/text.hpp"

namespace fd {

std::string hex_byte(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[byte >> 4], kDigits[byte & 0xF]};
}

std::string hex_escape(std::uint32_t code) {
  const std::string low = hex_byte(static_cast<unsigned char>(code));
  return code < 0x100 ? "\\x" + low : "\\u" + hex_byte(static_cast<unsigned char>(code >> 8)) + low;
}

std::string percent_encoded(std::string_view text, std::string_view plain) {
  std::string out;
  for (const char c : text) {
    if (is_ascii_alphanumeric(c) || plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%' + hex_byte(static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace fd
