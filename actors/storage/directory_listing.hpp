#pragma once

#include <string>
#include <vector>

#include "actors/system/descriptor.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Returns the names in an open directory, sorted. Requires: it was not listed before, since its
/// position moves. Errors: storage, with `path` and the system's word; never a part of the names.
Result<std::vector<std::string>> names_of(const Descriptor& directory, const std::string& path);

}  // namespace fd
