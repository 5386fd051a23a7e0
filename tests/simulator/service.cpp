#include "tests/simulator/service.hpp"

#include <algorithm>
#include <utility>

#include "tests/simulator/hash.hpp"

namespace fd::simulator {
namespace {

constexpr std::string_view kDefaultModel = "fd-simulator";

/// Separate purposes of one hash, so that they are not correlated.
enum Purpose : std::uint64_t { for_latency = 101, for_id, for_answer };

std::string_view path_of(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  if (path.substr(0, 4) == "/v1/") {
    path.remove_prefix(3);
  }
  return path;
}

}  // namespace

Service::Service(ServiceOptions options, AnswerBook book)
    : options_(std::move(options)),
      book_(std::move(book)),
      faults_(options_.faults, options_.seed) {
  const Choice choice{std::string(kUnknownAnswer), false};
  append_completion({.id = 0,
                     .model = kDefaultModel,
                     .choices = &choice,
                     .choice_count = 1,
                     .prompt_tokens = 1,
                     .completion_tokens = estimate_tokens(kUnknownAnswer.size())},
                    fixed_body_);
}

void Service::append_refusal(int status, std::string_view message, std::string& out) {
  std::string body;
  append_error(status, message, body);
  append_response({.status = status, .keep_alive = false}, body, out);
}

Outcome Service::handle(const HttpRequest& request, std::string& out) {
  const std::string_view path = path_of(request.target);
  Outcome outcome;
  body_.clear();
  if (path == "/chat/completions" && request.method == "POST") {
    return complete(request, out);
  }
  if (path == "/models" && request.method == "GET") {
    append_models(options_.models.empty() ? std::vector<std::string>{std::string(kDefaultModel)}
                                          : options_.models,
                  body_);
  } else if (path == "/chat/completions" || path == "/models") {
    outcome.status = 405;
    append_error(405, "this path has another method", body_);
  } else {
    outcome.status = 404;
    append_error(404, "paths: GET /v1/models, POST /v1/chat/completions", body_);
  }
  outcome.close = !request.keep_alive;
  reply(request, outcome, out);
  return outcome;
}

Outcome Service::complete(const HttpRequest& request, std::string& out) {
  Outcome outcome;
  outcome.completion = true;
  outcome.close = !request.keep_alive;
  if (options_.digest_bodies) {
    outcome.key = sha256(request.body);
  }
  const std::uint64_t body_hash = hash_bytes(request.body, options_.seed);
  outcome.status = build_body(request.body, outcome);
  if (outcome.status == 200) {
    apply(faults_.next(body_hash), outcome);
  }
  const bool answered_by_model = outcome.status == 200 || outcome.fault == Fault::closed;
  if (answered_by_model && !outcome.silent) {
    outcome.delay_us = draw_latency_us(options_.latency, mix(body_hash, for_latency));
  }
  if (outcome.status != 0) {
    const std::size_t start = out.size();
    reply(request, outcome, out);
    if (outcome.fault == Fault::truncated) {
      out.resize(start + (out.size() - start) - body_.size() / 2 - 1);
    }
  }
  return outcome;
}

int Service::build_body(std::string_view body, Outcome& outcome) {
  if (options_.fixed) {
    body_.assign(fixed_body_);
    return 200;
  }
  const auto chat = reader_.read(body);
  if (!chat.ok()) {
    append_error(400, chat.error().message, body_);
    return 400;
  }
  if (!serves((*chat)->model)) {
    append_error(404, "the model '" + (*chat)->model + "' does not exist", body_);
    return 404;
  }
  if (must_reject(**chat)) {
    outcome.fault = Fault::rejected;
    append_error(400, "the request was rejected", body_);
    return 400;
  }
  if (options_.refuse_n && (*chat)->choices > 1) {
    outcome.fault = Fault::rejected;
    append_error(400, "n: only 1 is supported", body_);
    return 400;
  }
  build_completion(**chat);
  return 200;
}

void Service::apply(Fault fault, Outcome& outcome) {
  outcome.fault = fault;
  switch (fault) {
    case Fault::first_failures:
    case Fault::rate_limited:
    case Fault::server_error:
      outcome.status = fault == Fault::rate_limited   ? 429
                       : fault == Fault::server_error ? 500
                                                      : 503;
      body_.clear();
      append_error(outcome.status, "a fault of the simulator, asked for on its command line",
                   body_);
      break;
    case Fault::closed:
      outcome.status = 0;
      outcome.close = true;
      break;
    case Fault::hung:
      outcome.status = 0;
      outcome.silent = true;
      break;
    case Fault::truncated:
      outcome.close = true;
      break;
    case Fault::malformed:
      body_.assign(R"({"choices":[{"message":{"content":"SELECT )");
      break;
    case Fault::none:
    case Fault::rejected:
      break;
  }
}

void Service::build_completion(const ChatRequest& chat) {
  // Whoever shows results can tell by the served model's name that no model made them.
  served_model_ = "fd-simulator/";
  served_model_ += chat.model;
  Completion completion{.model = served_model_};
  const std::uint64_t messages = mix(options_.seed, chat.messages_hash);
  const std::uint64_t most = options_.choices_max > 0 ? options_.choices_max : kMaxChoices;
  choices_.resize(static_cast<std::size_t>(std::min(chat.choices, most)));
  for (std::size_t index = 0; index < choices_.size(); ++index) {
    // Candidate k of a request with n choices is what a request of its own with seed + k gets.
    const std::uint64_t seed = static_cast<std::uint64_t>(chat.seed) + index;
    Choice& choice = choices_[index];
    choice.text.clear();
    choice.cut = false;
    book_.append_answer(chat.last_user_message, mix(mix(messages, seed), for_answer), choice.text);
    if (chat.max_tokens) {
      cut_to_tokens(*chat.max_tokens, choice);
    }
    completion.completion_tokens += estimate_tokens(choice.text.size());
  }
  completion.id = mix(mix(messages, static_cast<std::uint64_t>(chat.seed)), for_id);
  completion.choices = choices_.data();
  completion.choice_count = choices_.size();
  completion.prompt_tokens = estimate_tokens(chat.messages_bytes);
  append_completion(completion, body_);
}

bool Service::must_reject(const ChatRequest& chat) const {
  return !options_.reject_contains.empty() &&
         std::any_of(chat.contents.begin(), chat.contents.end(), [this](const std::string& text) {
           return text.find(options_.reject_contains) != std::string::npos;
         });
}

bool Service::serves(std::string_view model) const {
  return options_.models.empty() ||
         std::find(options_.models.begin(), options_.models.end(), model) != options_.models.end();
}

void Service::reply(const HttpRequest& request, const Outcome& outcome, std::string& out) const {
  const bool throttles = outcome.status == 429 || outcome.status == 503;
  // A truncated reply must look as if it went on: only the missing bytes give it away.
  const bool promises_more = outcome.fault == Fault::truncated && request.keep_alive;
  append_response({.status = outcome.status,
                   .keep_alive = !outcome.close || promises_more,
                   .http_1_0 = request.http_1_0,
                   .retry_after_s = throttles ? options_.retry_after_s : -1},
                  body_, out);
}

}  // namespace fd::simulator
