#pragma once

#include <cstddef>
#include <string_view>

namespace fd::json {

/// One character's bytes, or the bytes that one U+FFFD stands for.
struct Utf8Step {
  std::size_t bytes = 0;  ///< 1..4
  bool valid = false;
};

/// Returns the UTF-8 sequence that starts at `at`; when it is invalid, its maximal subpart.
/// Requires: at < text.size(). Source: Unicode 15, table 3-7 and section 3.9.
Utf8Step utf8_step(std::string_view text, std::size_t at);

/// Returns where, from `at` on, the first byte stands that a JSON string must escape (a quote, a
/// backslash, a control character), or text.size().
std::size_t find_escape(std::string_view text, std::size_t at);

enum class LiteralFault { none, too_large, inexact };

/// Reads a literal that the JSON grammar allows; `whole` says that it has neither point nor
/// exponent. Numbers too small for a double become 0.
/// Errors: too_large (infinite as a double); inexact (whole, and not what the double holds).
LiteralFault number_from_literal(std::string_view literal, bool whole, double& number);

}  // namespace fd::json
