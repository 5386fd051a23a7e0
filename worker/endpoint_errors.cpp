#include "worker/endpoint_errors.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/gateway/error_sorts.hpp"

namespace fd {

void EndpointErrors::add(Instant now, EndpointError error) {
  const auto same =
      std::ranges::find_if(met_, [&](const Met& met) { return same_sort(met.error, error); });
  const Instant until = now + std::chrono::milliseconds(error.wait_ms);
  if (same != met_.end()) {
    *same = {std::move(error), until};
    return;
  }
  if (met_.size() >= kErrorSortsMax) {
    met_.erase(met_.begin());
  }
  met_.push_back({std::move(error), until});
}

std::vector<EndpointError> EndpointErrors::at(Instant now) const {
  std::vector<EndpointError> errors;
  for (const Met& met : met_) {
    errors.push_back(met.error);
    const Duration left = std::max(met.until - now, Duration::zero());
    errors.back().wait_ms = static_cast<std::uint64_t>(left / std::chrono::milliseconds(1));
  }
  return errors;
}

}  // namespace fd
