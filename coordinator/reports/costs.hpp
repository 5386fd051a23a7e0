#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "coordinator/reports/call_starts.hpp"
#include "coordinator/shards/record_views.hpp"
#include "protocol/json/json.hpp"
#include "protocol/records.hpp"

namespace fd {

/// What calls came to. Tokens as the endpoints reported them.
struct CallTotals {
  std::uint64_t calls = 0;
  std::uint64_t answered = 0;
  std::uint64_t attempts = 0;  ///< HTTP requests
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  std::optional<std::uint64_t> cached_tokens;     ///< of the prompts'; nothing: no call says it
  std::optional<std::uint64_t> reasoning_tokens;  ///< of the completions'; nothing: no call says it
  std::uint64_t unpriced = 0;                     ///< calls whose price is not known
  std::uint64_t unreported = 0;  ///< answered calls whose tokens the endpoint did not report

  void add(const CallTotals& other);
  /// Returns whether the price of at least one call is known, or there is no call: only then does
  /// what they cost mean something.
  [[nodiscard]] bool cost_known() const { return calls == 0 || unpriced < calls; }
};

/// How many groups of calls a run has apart, by provider, role, model and price. Endpoints call
/// their models as they like: further ones count as those of the model "other".
inline constexpr std::size_t kMaxCallGroups = 1024;

/// Adds up the calls of a run. Whole numbers are added up for each price, and multiplied once, so
/// that the order of the calls decides nothing.
class CallCounts {
 public:
  explicit CallCounts(CallStarts starts = CallStarts()) : starts_(std::move(starts)) {}
  /// Calls in doubt are counted apart: nobody knows what they cost.
  void add(const CallView& call);
  /// `late`: it became known when its shard's files were written already.
  void add(const Call& call, bool late = false);
  [[nodiscard]] CallTotals total() const;
  /// Returns what all calls cost that have a price. Units: those of the prices.
  [[nodiscard]] double cost() const;
  /// Returns the calls that were in flight when their worker ended: possibly billed, the answer
  /// lost. Their prompt tokens are an estimate.
  [[nodiscard]] const CallTotals& in_doubt() const { return in_doubt_; }
  /// Returns those of the others that were late.
  [[nodiscard]] const CallTotals& late() const { return late_; }
  /// Returns whether fd-simulator answered one.
  [[nodiscard]] bool simulated() const;

  /// Returns cost_report.json, without what is told of earlier runs: calls, attempts, tokens and
  /// cost, in total, by provider, by role, by what the endpoints called their models and by start
  /// of the coordinator; and, apart, the late calls, which are in the total, those in doubt, and
  /// `unknown`: how many may have been in flight at workers that never came back. A provider whose
  /// calls had no price, or several, has the price null.
  [[nodiscard]] json::Value report(const std::string& run_id, std::uint64_t unknown) const;

 private:
  struct Key {
    std::string provider;
    Role role = Role::teacher;
    std::string served_model;
    std::optional<Price> price;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  /// Calls of one name and one price; each group is named once.
  using Priced = std::map<std::pair<std::string, std::optional<Price>>, CallTotals>;
  void add(Key key, std::uint64_t fence, const CallTotals& totals);
  static json::Object grouped(const Priced& priced);
  [[nodiscard]] json::Object grouped(std::string (*name_of)(const Key&)) const;
  CallStarts starts_;
  std::map<Key, CallTotals> totals_;
  Priced by_start_;
  CallTotals in_doubt_;
  CallTotals late_;
};

/// Returns what one call cost; nothing when its price is not known.
double cost_of(const Call& call);

}  // namespace fd
