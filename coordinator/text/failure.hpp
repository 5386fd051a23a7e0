#pragma once

#include "protocol/base/result.hpp"
#include "protocol/exit_code.hpp"

namespace fd {

/// Prints `error` as the command's on standard error. Returns its exit code.
int report_failure(const Error& error);
/// Prints `error` as above. Returns `code`.
int report_failure(const Error& error, int code);

}  // namespace fd
