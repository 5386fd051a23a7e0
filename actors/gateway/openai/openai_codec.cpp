#include "actors/gateway/openai/openai_codec.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "actors/gateway/finish_reason.hpp"
#include "actors/gateway/openai/error_text.hpp"
#include "actors/gateway/openai/reply_body.hpp"
#include "actors/gateway/openai/reply_stream.hpp"
#include "protocol/base/text.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::uint32_t kForbidden = 403;
/// HTTP's "not found".
constexpr std::uint32_t kNoSuchAddress = 404;

bool is_blank(std::string_view body) {
  return body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Returns what to say of an error reply: the provider's own words, or else the body's beginning.
std::string explanation(const ReplyBody& reply, std::string_view body) {
  if (!reply.error_message.empty()) {
    return shown(reply.error_message);
  }
  return is_blank(body) ? "empty body" : shown(body);
}

/// Returns what to say of a body that is no whole answer.
std::string not_whole(std::string_view body) {
  if (is_blank(body)) {
    return "empty body";
  }
  return looks_like_stream(body)
             ? "the server streams although it was not asked to, and the stream is not whole: " +
                   shown(body)
             : "not one whole JSON object: " + shown(body);
}

/// Returns the status that an error in a reply of status `status` stands for. A server that has no
/// such address may say so with status 200 (LM Studio without /v1): that is no passing trouble.
std::uint32_t status_of_error(std::uint32_t status, const ReplyBody& reply) {
  if (reply.error_status != 0) {
    return reply.error_status;
  }
  const std::string words = lowered(reply.error_message);
  return words.find("unexpected endpoint") != std::string::npos ? kNoSuchAddress : status;
}

/// Codes of filters. Source: OpenAI, Azure, OpenRouter, Alibaba.
constexpr std::array kFilterCodes = {
    std::string_view("content_filter"),     std::string_view("content_policy_violation"),
    std::string_view("moderation_blocked"), std::string_view("data_inspection_failed"),
    std::string_view("invalid_prompt"),     std::string_view("responsibleaipolicyviolation"),
};

/// Words in a 403 that speak of money, as OpenRouter's "Key limit exceeded".
constexpr std::array kMoneyWords = {std::string_view("limit exceeded"), std::string_view("quota"),
                                    std::string_view("credit"), std::string_view("balance"),
                                    std::string_view("billing")};

BadReply bad_reply(std::uint32_t status, std::string message, const ReplyBody& reply) {
  const std::string words = lowered(message);
  BadReply bad;
  bad.status = status;
  bad.out_of_quota =
      reply.error_code == "insufficient_quota" ||
      (status == kForbidden && std::ranges::any_of(kMoneyWords, [&](std::string_view one) {
         return words.find(one) != std::string::npos;
       }));
  bad.filtered =
      !bad.out_of_quota &&
      (status == kForbidden || (status >= 400 && status < 500 &&
                                std::ranges::count(kFilterCodes, lowered(reply.error_code)) > 0));
  bad.message = "HTTP " + std::to_string(status) + ": " + std::move(message);
  bad.usage = reply.completion.usage;
  return bad;
}

/// Returns why a choice is no answer; empty: it is one.
std::string fault_of(const ReplyChoice& choice, std::string_view body) {
  if (!choice.fault.empty()) {
    return choice.fault + ": " + shown(body);
  }
  if (finish_of(choice.finish_reason) == Finish::broken) {
    return "the server gave the answer up (finish_reason " + choice.finish_reason +
           "): " + shown(choice.text);
  }
  const bool silent = !choice.has_content && choice.refusal.empty() && choice.reasoning.empty() &&
                      choice.finish_reason.empty();
  return silent ? "no content in choices[0].message: " + shown(body) : "";
}

/// Keeps `count` choices, with the numbers of those asked for that they are as their indexes.
void number_choices(std::vector<ReplyChoice>& choices, std::uint32_t count) {
  const auto same = std::ranges::adjacent_find(choices, {}, &ReplyChoice::index);
  const bool sensible = same == choices.end() && !choices.empty() && choices.back().index < count;
  if (choices.size() > count) {
    choices.resize(count);
  }
  for (std::size_t i = 0; !sensible && i < choices.size(); ++i) {
    choices[i].index = i;
  }
}

CompletionChoice answer_of(ReplyChoice& choice) {
  const bool refused = choice.text.empty() && !choice.refusal.empty();
  return {static_cast<std::uint32_t>(choice.index), std::move(choice.text),
          std::move(choice.reasoning), refused ? "refusal" : std::move(choice.finish_reason)};
}

Reply decode_success(std::uint32_t status, std::string_view body, bool whole, std::uint32_t count,
                     ReplyBody& reply) {
  Completion& completion = reply.completion;
  if (!whole && !reply.has_error) {
    return bad_reply(status, not_whole(body), reply);
  }
  number_choices(reply.choices, count);
  std::string fault = reply.choices.empty() ? "no choices: " + shown(body) : "";
  for (ReplyChoice& choice : reply.choices) {
    std::string found = fault_of(choice, body);
    // Beside an error, only an answer that the server says is finished is one.
    const bool counts = !reply.has_error || (whole && !choice.finish_reason.empty());
    if (found.empty() && counts) {
      completion.choices.push_back(answer_of(choice));
    } else if (fault.empty()) {
      fault = std::move(found);
    }
  }
  if (completion.choices.empty()) {
    return reply.has_error ? bad_reply(status_of_error(status, reply),
                                       "error in the reply: " + explanation(reply, body), reply)
                           : bad_reply(status, std::move(fault), reply);
  }
  completion.choice_count = static_cast<std::uint32_t>(reply.choices.size());
  completion.usage_unknown = !reply.has_usage;
  return std::move(completion);
}

}  // namespace

Reply decode_reply(std::uint32_t status, std::string_view body, std::uint32_t count) {
  ReplyBody reply(body);
  const bool whole = looks_like_stream(body) ? read_stream(body, reply) : reply.read();
  if (status >= 200 && status < 300) {
    return decode_success(status, body, whole, count, reply);
  }
  return bad_reply(status, explanation(reply, body), reply);
}

}  // namespace fd
