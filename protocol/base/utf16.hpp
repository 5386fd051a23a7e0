#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fd {

enum class Utf16Order { little, big };

/// Returns in which order the bytes of a UTF-16 text stand, when `text` begins with its byte order
/// mark.
std::optional<Utf16Order> utf16_order(std::string_view text);

/// Turns UTF-16 into UTF-8, piece by piece. A surrogate without its partner becomes three bytes
/// that are no valid UTF-8, so that who reads the text on refuses just what holds it.
class Utf16Reader {
 public:
  explicit Utf16Reader(Utf16Order order) : order_(order) {}

  /// Appends the text of `bytes` to `out`, but for a character that is not complete.
  void append(std::string_view bytes, std::string& out);
  /// Appends what is left at the end. Returns false when it is half a code unit.
  [[nodiscard]] bool finish(std::string& out);

 private:
  void take_unit(std::uint32_t unit, std::string& out);

  Utf16Order order_;
  std::optional<unsigned char> half_;  ///< the first byte of a code unit
  std::uint32_t high_ = 0;             ///< a high surrogate that waits for its partner
};

}  // namespace fd
