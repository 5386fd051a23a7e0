#include "actors/sandbox/long_numbers.hpp"

#include <algorithm>

#include "actors/sandbox/step_meter.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

bool may_be_of_a_number(char c) {
  return is_ascii_digit(c) ||
         std::string_view("+-.eE \t\n\r\f\v").find(c) != std::string_view::npos;
}

}  // namespace

bool is_long_number(std::string_view text) {
  return text.size() > kShortValueBytes &&
         std::ranges::all_of(text.substr(0, kShortValueBytes), may_be_of_a_number);
}

bool holds_long_blob(std::string_view sql) {
  if (sql.size() <= kShortValueBytes) {
    return false;
  }
  std::size_t digits = 0;
  for (const char c : sql) {
    digits = is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f') ? digits + 1 : 0;
    if (digits > kShortValueBytes) {
      return true;
    }
  }
  return false;
}

bool may_make_long_numbers(std::string_view sql) {
  return sql.find("||") != std::string_view::npos || holds_long_blob(sql);
}

}  // namespace fd
