#pragma once

#include <cstddef>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

inline constexpr std::size_t kMaxBodyDepth = 32;  ///< lists and maps within each other, in one body

/// Refuses a body that would take up too much once it is built (kMaxMessageValues, kMaxBodyDepth),
/// and one with a value that is longer than its shortest form: what means one thing is spelt in one
/// way. Builds nothing; what else is wrong with a body is found when it is unpacked. Errors:
/// invalid_input.
Result<void> scan_body(std::string_view body);

}  // namespace fd
