#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fd {

// The typed canonical row encoding (docs/sql.md): the values of a row one after the other, each of
// them ending where its own text says, so that different rows never have equal encodings.

/// Appends NULL: "N".
void append_sql_null(std::string& row);
/// Appends a whole number: "I42;".
void append_sql_integer(std::int64_t value, std::string& row);
/// Appends a double. One that is whole and within 2^53 is encoded as that whole number, -0 as 0.
/// Others are rounded to 12 significant digits: "R1.50000000000e+00;", and as the whole number when
/// that is what rounding gives. Infinities: "R+inf;", "R-inf;". Requires: no NaN (SQLite has none).
void append_sql_real(double value, std::string& row);
/// Appends text: "T3:abc", the length in bytes.
void append_sql_text(std::string_view value, std::string& row);
/// Appends a blob: "B3:...", the length in bytes.
void append_sql_blob(std::string_view value, std::string& row);

}  // namespace fd
