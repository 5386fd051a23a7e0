#include "coordinator/reports/costs.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "protocol/base/saturating.hpp"

namespace fd {
namespace {

double cost_of(const CallTotals& totals, const std::optional<Price>& price) {
  constexpr double kPerTokens = 1e6;
  if (!price) {
    return 0;
  }
  const auto product = [](std::uint64_t tokens, double per_million) {
    return finite(static_cast<double>(tokens) * per_million);
  };
  const std::uint64_t cached =
      price->cached_input ? std::min(totals.cached_tokens.value_or(0), totals.prompt_tokens) : 0;
  return finite(finite(product(totals.prompt_tokens - cached, price->input) +
                       product(cached, price->cached_input.value_or(0))) +
                product(totals.completion_tokens, price->output)) /
         kPerTokens;
}

json::Value or_null(const std::optional<std::uint64_t>& number) {
  return number ? json::Value(*number) : json::Value();
}

/// Returns the tokens by kind; null is what no endpoint reported.
json::Value tokens_object(const CallTotals& totals) {
  const bool known = totals.answered == 0 || totals.unreported < totals.answered;
  const auto reported = [known](std::uint64_t tokens) {
    return known ? json::Value(tokens) : json::Value();
  };
  return json::Object{{"input", reported(totals.prompt_tokens)},
                      {"cached_input", or_null(totals.cached_tokens)},
                      {"output", reported(totals.completion_tokens)},
                      {"reasoning", or_null(totals.reasoning_tokens)}};
}

json::Object totals_object(const CallTotals& totals, double cost) {
  return json::Object{{"calls", totals.calls},
                      {"answered", totals.answered},
                      {"attempts", totals.attempts},
                      {"prompt_tokens", totals.prompt_tokens},
                      {"completion_tokens", totals.completion_tokens},
                      {"tokens", tokens_object(totals)},
                      {"cost", totals.cost_known() ? json::Value(cost) : json::Value()}};
}

json::Value price_object(const Price& price) {
  json::Object object{{"input", price.input}, {"output", price.output}};
  if (price.cached_input) {
    object["cached_input"] = *price.cached_input;
  }
  return object;
}

std::optional<Price> price_of(std::string_view object) {
  const auto price = json::parse(object);
  const auto number = [&price](const char* key) {
    const json::Value* found = price.ok() ? price->find(key) : nullptr;
    return found != nullptr && found->as_number() != nullptr ? std::optional(*found->as_number())
                                                             : std::nullopt;
  };
  const auto input = number("input");
  const auto output = number("output");
  return input && output ? std::optional(Price{*input, *output, number("cached_input")})
                         : std::nullopt;
}

CallTotals totals_of(const auto& call, bool priced) {
  const bool answered = call.end == CallEnd::answered;
  const bool unreported =
      answered && (call.tokens_unknown || (call.prompt_tokens == 0 && call.completion_tokens == 0));
  // A part of what was reported, whatever the endpoint says.
  const auto part = [](const std::optional<std::uint64_t>& tokens, std::uint64_t of) {
    return tokens ? std::optional(std::min(*tokens, of)) : std::nullopt;
  };
  return {.calls = 1,
          .answered = answered ? 1u : 0u,
          .attempts = call.attempts,
          .prompt_tokens = call.prompt_tokens,
          .completion_tokens = call.completion_tokens,
          .cached_tokens = part(call.cached_tokens, call.prompt_tokens),
          .reasoning_tokens = part(call.reasoning_tokens, call.completion_tokens),
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
  for (const auto part : {&CallTotals::cached_tokens, &CallTotals::reasoning_tokens}) {
    if (other.*part) {
      add_saturating((this->*part).emplace((this->*part).value_or(0)), *(other.*part));
    }
  }
  add_saturating(unpriced, other.unpriced);
  add_saturating(unreported, other.unreported);
}

void CallCounts::add(const CallView& call) {
  if (call.end == CallEnd::in_doubt) {
    in_doubt_.add(totals_of(call));
    return;
  }
  add(Key{plain(call.endpoint), call.role, plain(call.served_model), price_of(call.price)},
      call.fence, totals_of(call));
}

void CallCounts::add(const Call& call, bool late) {
  if (call.end == CallEnd::in_doubt) {
    in_doubt_.add(totals_of(call));
    return;
  }
  add(Key{call.endpoint, call.role, call.served_model, call.price}, call.fence, totals_of(call));
  if (late) {
    late_.add(totals_of(call));
  }
}

void CallCounts::add(Key key, std::uint64_t fence, const CallTotals& totals) {
  by_start_[{starts_.name_of(fence), key.price}].add(totals);
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

json::Object CallCounts::grouped(const Priced& priced) {
  std::map<std::string, Group> groups;
  for (const auto& [key, totals] : priced) {
    const auto& [name, price] = key;
    Group& group = groups[name];
    group.totals.add(totals);
    group.cost = finite(group.cost + cost_of(totals, price));
  }
  json::Object object;
  for (const auto& [name, group] : groups) {
    object[name] = totals_object(group.totals, group.cost);
  }
  return object;
}

json::Object CallCounts::grouped(std::string (*name_of)(const Key&)) const {
  Priced priced;
  for (const auto& [key, totals] : totals_) {
    priced[{name_of(key), key.price}].add(totals);
  }
  return grouped(priced);
}

json::Value CallCounts::report(const std::string& run_id, std::uint64_t unknown) const {
  json::Object providers = grouped([](const Key& key) { return key.provider; });
  for (auto& [provider, object] : providers) {
    std::set<std::optional<Price>> prices;
    for (const auto& [key, totals] : totals_) {
      if (key.provider == provider) {
        prices.insert(key.price);
      }
    }
    const auto price = prices.size() == 1 ? *prices.begin() : std::nullopt;
    (*object.as_object())["price_per_mtok"] = price ? price_object(*price) : json::Value();
  }
  const CallTotals all = total();
  return json::Object{
      {"run_id", run_id},
      {"total", totals_object(all, cost())},
      {"tokens", tokens_object(all)},
      {"unpriced", json::Object{{"calls", all.unpriced}}},
      {"unreported", json::Object{{"calls", all.unreported}}},
      {"late", json::Object{{"calls", late_.calls}, {"attempts", late_.attempts}}},
      {"in_doubt", json::Object{{"calls", in_doubt_.calls},
                                {"estimated_prompt_tokens", in_doubt_.prompt_tokens}}},
      {"unknown", json::Object{{"calls", unknown}}},
      {"by_role", grouped([](const Key& key) { return std::string(name(key.role)); })},
      {"by_served_model", grouped([](const Key& key) { return key.served_model; })},
      {"by_start", grouped(by_start_)},
      {"providers", std::move(providers)}};
}

double cost_of(const Call& call) {
  return cost_of(totals_of(call), call.price);
}

}  // namespace fd
