#pragma once

#include <functional>
#include <map>
#include <string>

#include "coordinator/reports/histogram.hpp"
#include "coordinator/shards/record_views.hpp"
#include "protocol/json/json.hpp"

namespace fd {

/// Where the time of answered calls went, by provider. The order of the calls decides nothing.
/// Memory: 36 KiB for each provider.
class CallTimes {
 public:
  /// Counts a call; those that were not answered are left out.
  void add(const CallView& call);

  /// Returns, by provider, `count` and the quantiles of `queue` (until the first send), `connect`
  /// and `first_byte` (of the last attempt), and `total` (from the submission to the end).
  /// Units: milliseconds.
  [[nodiscard]] json::Value report() const;

 private:
  struct Provider {
    Histogram queue;
    Histogram connect;
    Histogram first_byte;
    Histogram total;
  };
  std::map<std::string, Provider, std::less<>> providers_;
};

}  // namespace fd
