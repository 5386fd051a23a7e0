#include "coordinator/reports/costs.hpp"

#include <utility>

namespace fd {
namespace {

const PriceConfig* price_of(const std::string& provider, const GatewayConfig& config) {
  for (const ProviderConfig& one : config.providers) {
    if (one.name == provider) {
      return &one.price_per_mtok;
    }
  }
  return nullptr;
}

json::Object totals_object(const CallTotals& totals, double cost) {
  return json::Object{{"calls", totals.calls},
                      {"answered", totals.answered},
                      {"attempts", totals.attempts},
                      {"prompt_tokens", totals.prompt_tokens},
                      {"completion_tokens", totals.completion_tokens},
                      {"cost", cost}};
}

}  // namespace

void CallTotals::add(const CallView& call) {
  ++calls;
  answered += call.error == "\"\"" ? 1u : 0u;
  attempts += call.attempts;
  prompt_tokens += call.prompt_tokens;
  completion_tokens += call.completion_tokens;
}

void CallTotals::add(const CallTotals& other) {
  calls += other.calls;
  answered += other.answered;
  attempts += other.attempts;
  prompt_tokens += other.prompt_tokens;
  completion_tokens += other.completion_tokens;
}

void CallCounts::add(const CallView& call) {
  if (call.error.size() > 1 && call.error.substr(1).starts_with(kInDoubt)) {  // in its quotes
    in_doubt_.add(call);
    return;
  }
  auto found = providers_.find(call.endpoint);
  if (found == providers_.end()) {
    found = providers_.emplace(call.endpoint, CallTotals()).first;
  }
  found->second.add(call);
}

CallTotals CallCounts::total() const {
  CallTotals total;
  for (const auto& [provider, totals] : providers_) {
    total.add(totals);
  }
  return total;
}

Result<std::map<std::string, CallTotals>> CallCounts::by_provider() const {
  std::map<std::string, CallTotals> named;
  for (const auto& [json_text, totals] : providers_) {
    FD_TRY(const std::string provider, text_of(json_text));
    named[provider].add(totals);
  }
  return named;
}

double cost_of(const CallTotals& totals, const PriceConfig& price) {
  constexpr double kTokensPerPrice = 1e6;
  return (static_cast<double>(totals.prompt_tokens) * price.input +
          static_cast<double>(totals.completion_tokens) * price.output) /
         kTokensPerPrice;
}

double cost_of(const Call& call, const GatewayConfig& config) {
  const PriceConfig* price = price_of(call.endpoint, config);
  CallTotals totals;
  totals.prompt_tokens = call.prompt_tokens;
  totals.completion_tokens = call.completion_tokens;
  return price == nullptr ? 0 : cost_of(totals, *price);
}

double cost_of(const std::map<std::string, CallTotals>& providers, const GatewayConfig& config) {
  double cost = 0;
  for (const auto& [provider, totals] : providers) {
    if (const PriceConfig* price = price_of(provider, config)) {
      cost += cost_of(totals, *price);
    }
  }
  return cost;
}

json::Value cost_report(const std::string& run_id,
                        const std::map<std::string, CallTotals>& providers,
                        const CallTotals& in_doubt, const GatewayConfig& config) {
  json::Object by_provider;
  CallTotals total;
  for (const auto& [provider, totals] : providers) {
    const PriceConfig* price = price_of(provider, config);
    json::Object object = totals_object(totals, price == nullptr ? 0.0 : cost_of(totals, *price));
    object["price_per_mtok"] =
        price == nullptr ? json::Value()
                         : json::Object{{"input", price->input}, {"output", price->output}};
    by_provider[provider] = std::move(object);
    total.add(totals);
  }
  return json::Object{
      {"run_id", run_id},
      {"total", totals_object(total, cost_of(providers, config))},
      {"in_doubt", json::Object{{"calls", in_doubt.calls},
                                {"estimated_prompt_tokens", in_doubt.prompt_tokens}}},
      {"providers", std::move(by_provider)}};
}

}  // namespace fd
