#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Which rows `show` prints.
struct ShowOptions {
  std::string reason;  ///< reason name, "ok" for kept, empty: all
  std::uint64_t limit = 10;
};
/// Prints rows with prompt input, answer and verdict as text to read, in id order, row by row
/// through `print`. Memory: a shard. Errors: not_found, corrupt; invalid_input for an unknown
/// reason (lists those the run has); those of `print`.
Result<void> show_rows(const RunDir& dir, const ShowOptions& options,
                       const std::function<Result<void>(std::string_view)>& print);

}  // namespace fd
