#pragma once

#include <string_view>

namespace fd {

// SQLite reads a number from a text or blob within one VM step, in a time that grows with the
// digits. No honest number has a thousand of them.

/// Returns whether reading `text` as a number would read more than kShortValueBytes of it. Pure.
bool is_long_number(std::string_view text);

/// Returns whether `sql` may hold a blob of more than kShortValueBytes, written out. SQLite does
/// not hold its length against a limit, as it does with any other value. Pure.
bool holds_long_blob(std::string_view sql);

/// Returns whether running `sql` may make a long number other than by a function, which tells.
/// Pure.
bool may_make_long_numbers(std::string_view sql);

}  // namespace fd
