#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.hpp"
#include "protocol/exit_code.hpp"

namespace fd {

/// Prints `error` as the command's on standard error. Returns its exit code.
int report_failure(const Error& error);
/// Prints `error` as above. Returns `code`.
int report_failure(const Error& error, int code);

/// Returns what a run that ends before its time leaves to the next start, as one sentence without
/// its full stop: `failed` samples have failed since this start.
std::string what_is_left(std::uint64_t failed);

}  // namespace fd
