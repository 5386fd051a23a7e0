#include "actors/gateway/openai/openai_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "actors/gateway/finish_reason.hpp"
#include "actors/gateway/openai/error_text.hpp"
#include "actors/gateway/openai/reply_body.hpp"
#include "actors/gateway/openai/reply_stream.hpp"
#include "protocol/base/text.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

/// HTTP's "not found".
constexpr std::uint32_t kForbidden = 403;
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

Reply decode_success(std::uint32_t status, std::string_view body, bool whole, ReplyBody& reply) {
  ReplyChoice& choice = reply.choice;
  Completion& completion = reply.completion;
  if (!whole && !reply.has_error) {
    return bad_reply(status, not_whole(body), reply);
  }
  const bool broken = finish_of(choice.finish_reason) == Finish::broken;
  const bool has_choice = whole && choice.fault.empty() && !choice.finish_reason.empty();
  if (reply.has_error && (!has_choice || broken)) {
    return bad_reply(status_of_error(status, reply),
                     "error in the reply: " + explanation(reply, body), reply);
  }
  if (!choice.fault.empty()) {
    return bad_reply(status, choice.fault + ": " + shown(body), reply);
  }
  if (broken) {
    return bad_reply(status,
                     "the server gave the answer up (finish_reason " + choice.finish_reason +
                         "): " + shown(choice.text),
                     reply);
  }
  if (!choice.has_content && choice.refusal.empty() && choice.reasoning.empty() &&
      choice.finish_reason.empty()) {
    return bad_reply(status, "no content in choices[0].message: " + shown(body), reply);
  }
  const bool refused = choice.text.empty() && !choice.refusal.empty();
  completion.text = std::move(choice.text);
  completion.reasoning = std::move(choice.reasoning);
  completion.finish_reason = refused ? "refusal" : std::move(choice.finish_reason);
  completion.usage_unknown = !reply.has_usage;
  return std::move(completion);
}

}  // namespace

Reply decode_reply(std::uint32_t status, std::string_view body) {
  ReplyBody reply(body);
  const bool whole = looks_like_stream(body) ? read_stream(body, reply) : reply.read();
  if (status >= 200 && status < 300) {
    return decode_success(status, body, whole, reply);
  }
  return bad_reply(status, explanation(reply, body), reply);
}

}  // namespace fd
