#include "actors/sandbox/row_encoding.hpp"

#include <charconv>
#include <cmath>

namespace fd {
namespace {

constexpr double kMaxExact = 9007199254740992.0;  // 2^53
constexpr int kDigits = 12;
// From here on the last of 12 digits is worth more than one, and rounding no longer says which
// whole number it was.
constexpr double kMaxRoundedWhole = 1e12;

void append_tagged(char tag, std::int64_t value, char end, std::string& row) {
  char digits[24];
  const auto done = std::to_chars(std::begin(digits), std::end(digits), value);
  row += tag;
  row.append(digits, done.ptr);
  row += end;
}

}  // namespace

void append_sql_null(std::string& row) {
  row += 'N';
}

void append_sql_integer(std::int64_t value, std::string& row) {
  append_tagged('I', value, ';', row);
}

void append_sql_real(double value, std::string& row) {
  if (std::isinf(value)) {
    row += value > 0 ? "R+inf;" : "R-inf;";
    return;
  }
  if (std::trunc(value) == value && std::fabs(value) <= kMaxExact) {
    append_sql_integer(static_cast<std::int64_t>(value), row);
    return;
  }
  char text[40];
  const auto done = std::to_chars(std::begin(text), std::end(text), value,
                                  std::chars_format::scientific, kDigits - 1);
  double rounded = value;
  std::from_chars(std::begin(text), done.ptr, rounded);
  if (std::trunc(rounded) == rounded && std::fabs(rounded) < kMaxRoundedWhole) {
    append_sql_integer(static_cast<std::int64_t>(rounded), row);
    return;
  }
  row += 'R';
  row.append(text, done.ptr);
  row += ';';
}

void append_sql_text(std::string_view value, std::string& row) {
  append_tagged('T', static_cast<std::int64_t>(value.size()), ':', row);
  row.append(value);
}

void append_sql_blob(std::string_view value, std::string& row) {
  append_tagged('B', static_cast<std::int64_t>(value.size()), ':', row);
  row.append(value);
}

}  // namespace fd
