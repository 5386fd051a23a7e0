#include "coordinator/reports/call_starts.hpp"

#include <algorithm>
#include <iterator>

namespace fd {

std::string CallStarts::name_of(std::uint64_t fence) const {
  if (fence == 0) {
    return "none";
  }
  const auto later = std::ranges::lower_bound(starts_, fence, {}, &StartMade::last_fence);
  return later == starts_.begin() ? "earlier" : std::to_string(std::prev(later)->epoch);
}

}  // namespace fd
