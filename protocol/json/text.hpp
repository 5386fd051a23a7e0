#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

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

/// A number as the JSON grammar has it.
struct NumberLiteral {
  std::size_t end = 0;            ///< behind it, or where something is missing
  bool whole = true;              ///< neither point nor exponent
  bool leading_zero = false;      ///< which the grammar forbids
  const char* missing = nullptr;  ///< what should stand at `end` and does not
};

/// Reads the number that begins at `from`.
NumberLiteral scan_number(std::string_view text, std::size_t from);

/// One member of a row, and what keeps its value from being used.
struct RowMember {
  std::string key;
  Value value;
  std::string_view source;  ///< the value as the text has it; lifetime: the text's
  std::string fault;        ///< what parse() would refuse the text for; empty: nothing
};

/// Parses one JSON object as parse() does, but for members whose values can be read and not be
/// kept: NaN and infinities, whole numbers that a double does not hold, lone surrogates, invalid
/// UTF-8, keys that come twice below. They get a fault. A key may come twice here.
/// Errors: invalid_input, as parse().
Result<std::vector<RowMember>> parse_row(std::string_view text);

enum class LiteralFault { none, too_large, inexact };

/// Reads a literal that the JSON grammar allows; `whole` says that it has neither point nor
/// exponent. Numbers too small for a double become 0.
/// Errors: too_large (infinite as a double); inexact (whole, and not what the double holds).
LiteralFault number_from_literal(std::string_view literal, bool whole, double& number);

}  // namespace fd::json
