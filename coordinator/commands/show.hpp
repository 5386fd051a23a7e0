#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Which rows `show` prints.
struct ShowOptions {
  std::string reason;  ///< reason name, "ok" for kept, empty: all
  std::uint64_t limit = 10;
};
/// Returns rows with prompt input, answer and verdict as text to read, in id order.
/// Errors: not_found, corrupt; invalid_input for an unknown reason (lists those the run has).
Result<std::string> show_rows(const RunDir& dir, const ShowOptions& options);

}  // namespace fd
