#pragma once

#include <string_view>

#include "actors/sandbox/step_meter.hpp"

struct sqlite3;

namespace fd {

/// Returns whether SQL in a sandbox may call the function `name` (lower case): those that always
/// give the same result, reach nothing outside the database, and take a time in proportion to
/// their input.
bool sandbox_function_allowed(std::string_view name);

/// Returns whether the aggregate function `name` makes one text of many, which no charge follows.
bool joins_texts(std::string_view name);

/// Replaces like, glob, instr, replace and the two-argument trims of `database` by ones that give
/// the same results and charge `meter` for long texts: SQLite's own take time in proportion to the
/// product of two lengths within one VM step, so that steps alone would not bound the time.
/// Lifetime: `meter` outlives the connection. Requires: a fresh connection (fails only on a bug).
void install_charged_functions(sqlite3* database, StepMeter& meter);

}  // namespace fd
