#include "coordinator/check/check_endpoints.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "actors/gateway/call_gateway.hpp"
#include "actors/gateway/http/model_list.hpp"
#include "actors/journal/unkept_journal.hpp"
#include "actors/stages/prompt.hpp"
#include "coordinator/text/error_hint.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr double kListTimeoutS = 10;
constexpr std::chrono::milliseconds kPoll{20};
constexpr std::uint32_t kProbeTokens = 16;
constexpr std::size_t kModelsShown = 5;

std::string with_hint(std::uint32_t status, const std::string& words) {
  const std::string_view hint = error_hint(status, words);
  return words + (hint.empty() ? "" : "\nhint: " + std::string(hint));
}

/// Returns the first call of `sample`, or one that greets when there is none.
ChatCall probe_call(const RunConfig& config, const std::optional<Sample>& sample) {
  const auto prompt = PromptStage::make(config);
  ChatCall call;
  if (prompt.ok() && sample) {
    call = prompt->call(*sample, 0);
  } else {
    call.model = config.teacher.model;
    call.messages = {{"user", "Hello"}};
    call.decode = config.teacher.decode;
  }
  call.decode.max_tokens = std::min(call.decode.max_tokens.value_or(kProbeTokens), kProbeTokens);
  return call;
}

/// Makes one call. What the endpoint says first is what counts: nothing is waited for.
Call ask(const Endpoint& endpoint, GatewayConfig config, ChatCall call) {
  config.retry.max_attempts = 1;
  config.providers = {endpoint.config};
  UnkeptJournal journal;
  const SystemClock clock;
  std::promise<Call> ended;
  CallGateway gateway(journal, clock, {config, 1, 1},
                      curl_senders({endpoint}, config.request_timeout_s),
                      [&ended](ChatResult result) { ended.set_value(std::move(result.call)); });
  gateway.set_shares({{endpoint.config.name, 1, true}});  // a time-out is the call's, then
  gateway.submit(std::move(call));
  std::future<Call> end = ended.get_future();
  while (end.wait_for(kPoll) != std::future_status::ready) {
    if (!gateway.load().endpoints.at(0).words.empty()) {
      gateway.cancel_waiting();
    }
  }
  return end.get();
}

std::string models_text(const ModelList& list) {
  std::string text;
  for (std::size_t i = 0; i < std::min(list.models.size(), kModelsShown); ++i) {
    text += (i == 0 ? "" : ", ") + list.models[i];
  }
  return text + (list.models.size() > kModelsShown ? ", ..." : "");
}

/// What the list of models says, before anything is paid for.
CheckRow look_at_models(const std::string& model, const Endpoint& endpoint) {
  CheckRow row{std::string(kEndpointPart) + endpoint.config.name, CheckStatus::ok, ""};
  const ModelList list = list_models(endpoint, kListTimeoutS);
  const bool no_list = list.status == 404 || list.status == 405 || list.status == 200;
  if (!list.error.empty()) {
    row.status = no_list ? CheckStatus::warning : CheckStatus::error;
    row.text = no_list ? "answers, but has no list of models" : with_hint(list.status, list.error);
  } else if (std::ranges::find(list.models, model) == list.models.end()) {
    row.status = CheckStatus::warning;
    row.text = "answers, but does not list the model " + model +
               (list.models.empty() ? "" : "; it has " + models_text(list));
  } else {
    row.text = "answers, and has the model " + model;
  }
  return row;
}

bool is_free(const ProviderConfig& provider) {
  const PriceConfig& price = provider.price_per_mtok;
  return price.known() && price.input.value_or(0) == 0 && price.output.value_or(0) == 0 &&
         price.cached_input.value_or(0) == 0;
}

/// What a call says outweighs what the list did.
void take_probe(const Call& call, CheckRow& row) {
  if (call.end == CallEnd::answered) {
    row.status = CheckStatus::ok;
    row.text = "answered a probe of " + std::to_string(kProbeTokens) + " tokens" +
               (call.served_model.empty() ? "" : " as " + call.served_model) + " in " +
               grouped(call.service_us / 1000) + " ms";
  } else {
    row.status = CheckStatus::error;
    row.text = "a probe failed: " + with_hint(call.http_status, call.error);
  }
}

}  // namespace

void check_endpoints(const RunConfig& config, const std::vector<Endpoint>& endpoints,
                     const std::optional<Sample>& sample, Probe probe, CheckReport& report) {
  for (const Endpoint& endpoint : endpoints) {
    CheckRow row = look_at_models(config.teacher.model, endpoint);
    if (row.status != CheckStatus::error && (probe == Probe::all || is_free(endpoint.config))) {
      take_probe(ask(endpoint, config.gateway, probe_call(config, sample)), row);
    }
    report.rows.push_back(std::move(row));
  }
}

void check_prices(const RunConfig& config, CheckReport& report) {
  std::string unknown;
  for (const ProviderConfig& provider : config.gateway.providers) {
    if (!provider.price_per_mtok.known()) {
      unknown += (unknown.empty() ? "" : ", ") + provider.name;
    }
  }
  report.add("prices", unknown.empty() ? CheckStatus::ok : CheckStatus::warning,
             unknown.empty() ? "known for every provider"
                             : "price_per_mtok is not set for " + unknown +
                                   ": what its calls cost will not be known (0 is free)");
}

void check_limits(const RunConfig& config, CheckReport& report) {
  report.add("limits", CheckStatus::ok,
             grouped(config.gateway.max_concurrency()) + " calls in flight at most, " +
                 std::to_string(config.teacher.decode.n) + " for each row, each for at most " +
                 short_number(config.gateway.request_timeout_s) + " s");
}

}  // namespace fd
