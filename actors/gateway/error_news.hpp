#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "actors/gateway/error_sorts.hpp"
#include "actors/gateway/retry.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// Picks what is new of the attempts that bring no answer, also of those that are tried again: the
/// first of each sort, and a pause that ends later than the provider's last one. Thread: any.
class ErrorNews {
 public:
  /// Returns what is to be told of `attempt`, if it is news. Requires: it has an error.
  std::optional<EndpointError> look(Instant now, const std::string& provider,
                                    const Attempt& attempt);

 private:
  std::mutex mutex_;
  ErrorSorts sorts_;
  std::map<std::string, Instant> pauses_;  ///< by provider: until when
};

}  // namespace fd
