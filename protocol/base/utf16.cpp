#include "protocol/base/utf16.hpp"

#include "protocol/base/utf8.hpp"

namespace fd {

std::optional<Utf16Order> utf16_order(std::string_view text) {
  if (text.starts_with("\xff\xfe")) {
    return Utf16Order::little;
  }
  return text.starts_with("\xfe\xff") ? std::optional(Utf16Order::big) : std::nullopt;
}

void Utf16Reader::append(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!half_) {
      half_ = byte;
      continue;
    }
    const std::uint32_t first = *half_;
    half_.reset();
    take_unit(order_ == Utf16Order::little ? first | std::uint32_t{byte} << 8 : first << 8 | byte,
              out);
  }
}

void Utf16Reader::take_unit(std::uint32_t unit, std::string& out) {
  const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
  if (high_ != 0 && low) {
    append_utf8(0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00), out);
    high_ = 0;
    return;
  }
  if (high_ != 0) {
    append_utf8(high_, out);
    high_ = 0;
  }
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    high_ = unit;
  } else {
    append_utf8(unit, out);
  }
}

bool Utf16Reader::finish(std::string& out) {
  if (high_ != 0) {
    append_utf8(high_, out);
    high_ = 0;
  }
  return !half_;
}

}  // namespace fd
