#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace fd {

/// Returns the number of insertions, deletions, replacements and swaps of neighbours that turn one
/// text into the other (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Returns the one of `names` that `name` most likely is a slip of, the first of those equally
/// near; "" when it takes more than `distance_max` edits. Requires:
/// distance_max < SIZE_MAX. Lifetime: that of the names.
template <class Names>
std::string_view nearest_name(std::string_view name, const Names& names, std::size_t distance_max) {
  std::string_view best;
  std::size_t limit = distance_max + 1;
  for (const std::string_view candidate : names) {
    // As many edits as the lengths differ are needed at least, so that a long `name` costs little.
    const auto [shorter, longer] = std::minmax({name.size(), candidate.size()});
    if (longer - shorter < limit) {
      if (const std::size_t distance = edit_distance(name, candidate); distance < limit) {
        best = candidate;
        limit = distance;
      }
    }
  }
  return best;
}

}  // namespace fd
