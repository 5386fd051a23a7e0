#include "coordinator/reports/costs.hpp"

#include <functional>
#include <set>
#include <utility>

#include "protocol/base/saturating.hpp"

namespace fd {
namespace {

double cost_of(const CallTotals& totals, const std::optional<std::pair<double, double>>& price) {
  constexpr double kPerTokens = 1e6;
  if (!price) {
    return 0;
  }
  const auto product = [](std::uint64_t tokens, double per_million) {
    return finite(static_cast<double>(tokens) * per_million);
  };
  return finite(product(totals.prompt_tokens, price->first) +
                product(totals.completion_tokens, price->second)) /
         kPerTokens;
}

json::Object totals_object(const CallTotals& totals, double cost) {
  return json::Object{{"calls", totals.calls},
                      {"answered", totals.answered},
                      {"attempts", totals.attempts},
                      {"prompt_tokens", totals.prompt_tokens},
                      {"completion_tokens", totals.completion_tokens},
                      {"cost", cost}};
}

std::optional<std::pair<double, double>> price_of(std::string_view object) {
  const auto price = json::parse(object);
  const json::Value* input = price.ok() ? price->find("input") : nullptr;
  const json::Value* output = price.ok() ? price->find("output") : nullptr;
  if (input == nullptr || output == nullptr || !input->as_number() || !output->as_number()) {
    return std::nullopt;
  }
  return std::pair(*input->as_number(), *output->as_number());
}

CallTotals totals_of(const auto& call, bool priced) {
  const bool answered = call.end == CallEnd::answered;
  const bool unreported = answered && call.prompt_tokens == 0 && call.completion_tokens == 0;
  return {.calls = 1,
          .answered = answered ? 1u : 0u,
          .attempts = call.attempts,
          .prompt_tokens = call.prompt_tokens,
          .completion_tokens = call.completion_tokens,
          .unpriced = priced ? 0u : 1u,
          .unreported = unreported ? 1u : 0u};
}
CallTotals totals_of(const CallView& call) {
  return totals_of(call, price_of(call.price).has_value());
}
CallTotals totals_of(const Call& call) {
  return totals_of(call, call.price.has_value());
}

/// Returns the text of a JSON string that this program wrote, or of an empty view.
std::string plain(std::string_view json_string) {
  auto text = text_of(json_string);
  return text.ok() ? std::move(text).value() : std::string();
}

/// A group of calls with what it cost.
struct Group {
  CallTotals totals;
  double cost = 0;
};

}  // namespace

void CallTotals::add(const CallTotals& other) {
  add_saturating(calls, other.calls);
  add_saturating(answered, other.answered);
  add_saturating(attempts, other.attempts);
  add_saturating(prompt_tokens, other.prompt_tokens);
  add_saturating(completion_tokens, other.completion_tokens);
  add_saturating(unpriced, other.unpriced);
  add_saturating(unreported, other.unreported);
}

void CallCounts::add(const CallView& call) {
  if (call.end == CallEnd::in_doubt) {
    in_doubt_.add(totals_of(call));
    return;
  }
  add(Key{plain(call.endpoint), call.role, plain(call.served_model), price_of(call.price)},
      totals_of(call));
}

void CallCounts::add(const Call& call, bool late) {
  if (call.end == CallEnd::in_doubt) {
    in_doubt_.add(totals_of(call));
    return;
  }
  Key key{call.endpoint, call.role, call.served_model, std::nullopt};
  if (call.price) {
    key.price.emplace(call.price->input, call.price->output);
  }
  add(std::move(key), totals_of(call));
  if (late) {
    late_.add(totals_of(call));
  }
}

void CallCounts::add(Key key, const CallTotals& totals) {
  if (totals_.size() >= kMaxCallGroups && !totals_.contains(key)) {
    key.served_model = "other";
  }
  totals_[std::move(key)].add(totals);
}

CallTotals CallCounts::total() const {
  CallTotals total;
  for (const auto& [key, totals] : totals_) {
    total.add(totals);
  }
  return total;
}

double CallCounts::cost() const {
  double cost = 0;
  for (const auto& [key, totals] : totals_) {
    cost = finite(cost + cost_of(totals, key.price));
  }
  return cost;
}

bool CallCounts::simulated() const {
  for (const auto& [key, totals] : totals_) {
    if (key.served_model.starts_with("fd-simulator/")) {
      return true;
    }
  }
  return false;
}

json::Value CallCounts::report(const std::string& run_id, std::uint64_t unknown) const {
  const auto grouped = [this](const std::function<std::string(const Key&)>& name) {
    std::map<std::string, Group> groups;
    for (const auto& [key, totals] : totals_) {
      Group& group = groups[name(key)];
      group.totals.add(totals);
      group.cost = finite(group.cost + cost_of(totals, key.price));
    }
    json::Object object;
    for (const auto& [of, group] : groups) {
      object[of] = totals_object(group.totals, group.cost);
    }
    return object;
  };
  json::Object providers = grouped([](const Key& key) { return key.provider; });
  for (auto& [provider, object] : providers) {
    std::set<std::optional<std::pair<double, double>>> prices;
    for (const auto& [key, totals] : totals_) {
      if (key.provider == provider) {
        prices.insert(key.price);
      }
    }
    const auto price = prices.size() == 1 ? *prices.begin() : std::nullopt;
    (*object.as_object())["price_per_mtok"] =
        price ? json::Value(json::Object{{"input", price->first}, {"output", price->second}})
              : json::Value();
  }
  const CallTotals all = total();
  const auto known = [&all](std::uint64_t tokens) {
    return all.answered > 0 && all.unreported == all.answered ? json::Value() : json::Value(tokens);
  };
  return json::Object{
      {"run_id", run_id},
      {"total", totals_object(all, cost())},
      {"tokens", json::Object{{"input", known(all.prompt_tokens)},
                              {"cached_input", nullptr},
                              {"output", known(all.completion_tokens)},
                              {"reasoning", nullptr}}},
      {"unpriced", json::Object{{"calls", all.unpriced}}},
      {"unreported", json::Object{{"calls", all.unreported}}},
      {"late", json::Object{{"calls", late_.calls}, {"attempts", late_.attempts}}},
      {"in_doubt", json::Object{{"calls", in_doubt_.calls},
                                {"estimated_prompt_tokens", in_doubt_.prompt_tokens}}},
      {"unknown", json::Object{{"calls", unknown}}},
      {"by_role", grouped([](const Key& key) { return std::string(name(key.role)); })},
      {"by_served_model", grouped([](const Key& key) { return key.served_model; })},
      {"providers", std::move(providers)}};
}

double cost_of(const Call& call) {
  return call.price ? cost_of(totals_of(call), std::pair(call.price->input, call.price->output))
                    : 0.0;
}

}  // namespace fd
