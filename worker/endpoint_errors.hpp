#pragma once

#include <vector>

#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// The latest errors of a worker's gateway, as its states repeat them: one of each sort, at most
/// kErrorSortsMax. Pure.
class EndpointErrors {
 public:
  /// Takes an error of now. It stands in place of an earlier one of its sort.
  void add(Instant now, EndpointError error);
  /// Returns the errors, oldest sort first, with what is left of their pauses.
  [[nodiscard]] std::vector<EndpointError> at(Instant now) const;

 private:
  struct Met {
    EndpointError error;
    Instant until;  ///< the end of the pause
  };
  std::vector<Met> met_;
};

}  // namespace fd
