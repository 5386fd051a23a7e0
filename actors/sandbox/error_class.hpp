#pragma once

#include <string_view>

namespace fd {

/// Returns the class of a SQLite error message: one of a bounded set of names (docs/sql.md), so
/// that reports can count them; "other" for a message that is not known. What a message quotes from
/// the statement never decides.
std::string_view sql_error_class(std::string_view message);

}  // namespace fd
