#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "coordinator/shards/record_views.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// What calls came to. Tokens as the endpoints reported them.
struct CallTotals {
  std::uint64_t calls = 0;
  std::uint64_t answered = 0;
  std::uint64_t attempts = 0;  ///< HTTP requests
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;

  void add(const CallView& call);
  void add(const CallTotals& other);
};

/// Adds up the calls of a run by provider.
class CallCounts {
 public:
  /// Calls in doubt (kInDoubt) are counted apart: nobody knows what they cost.
  void add(const CallView& call);
  [[nodiscard]] CallTotals total() const;
  /// Returns the totals by provider name. Errors: corrupt.
  [[nodiscard]] Result<std::map<std::string, CallTotals>> by_provider() const;
  /// Returns the calls that were under way when their worker ended: possibly billed, the answer
  /// lost. Their prompt tokens are an estimate.
  [[nodiscard]] const CallTotals& in_doubt() const { return in_doubt_; }

 private:
  std::map<std::string, CallTotals, std::less<>> providers_;  ///< by JSON text of the name
  CallTotals in_doubt_;
};

/// Returns what `totals` cost at a price. Units: those of the price.
double cost_of(const CallTotals& totals, const PriceConfig& price);

/// Returns what one call cost by the prices of the config; nothing when its provider has none.
double cost_of(const Call& call, const GatewayConfig& config);

/// Returns what all calls cost by the prices of the config; providers without one cost nothing.
double cost_of(const std::map<std::string, CallTotals>& providers, const GatewayConfig& config);

/// Returns cost_report.json: calls, attempts, tokens and cost, in total and by provider; and,
/// apart, the calls in doubt. A provider that the config does not name has the price null.
json::Value cost_report(const std::string& run_id,
                        const std::map<std::string, CallTotals>& providers,
                        const CallTotals& in_doubt, const GatewayConfig& config);

}  // namespace fd
