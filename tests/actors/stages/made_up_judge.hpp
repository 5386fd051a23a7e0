#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/stages/call_stage.hpp"
#include "protocol/base/text.hpp"

namespace fd::testing_support {

/// A judge such as the product does not have: two votes on each candidate, a repair of an answer
/// that is no digit, and the sum of the votes in the candidate.
class MadeUpJudge final : public Questions {
 public:
  static constexpr std::uint32_t kVotes = 2;

  [[nodiscard]] StageId stage() const override { return StageId::score; }
  [[nodiscard]] Role role() const override { return Role::judge; }

  [[nodiscard]] std::vector<ChatCall> first(const WorkItem& item) const override {
    std::vector<ChatCall> calls;
    for (std::uint32_t vote = 0; vote < kVotes; ++vote) {
      for (const Candidate& candidate : item.candidates) {
        calls.push_back(call(item, candidate.index, vote, 0, "grade: " + candidate.text));
      }
    }
    return calls;
  }

  [[nodiscard]] std::optional<ChatCall> repair(const WorkItem& item,
                                               const Answer& answer) const override {
    if (answer.round > 0 || is_digit(answer.text)) {
      return std::nullopt;
    }
    return call(item, answer.candidate, answer.vote, 1, "a digit, not: " + answer.text);
  }

  void conclude(WorkItem& item) const override {
    for (Candidate& candidate : item.candidates) {
      double sum = 0;
      for (const Answer& answer : item.answers) {
        const bool counts = answer.role == Role::judge && answer.candidate == candidate.index;
        sum += counts && is_digit(answer.text) ? answer.text[0] - '0' : 0;
      }
      candidate.judge = sum;
    }
  }

 private:
  static bool is_digit(const std::string& text) {
    return text.size() == 1 && is_ascii_digit(text[0]);
  }

  static ChatCall call(const WorkItem& item, std::uint32_t candidate, std::uint32_t vote,
                       std::uint32_t round, std::string question) {
    ChatCall call;
    call.sample_id = item.sample.id;
    call.role = Role::judge;
    call.candidate = candidate;
    call.vote = vote;
    call.round = round;
    call.messages = {{"user", std::move(question)}};
    call.call_key = call_key(call, "j", "", call.messages, call.decode);
    return call;
  }
};

/// Returns an item with candidates of these texts, as behind the teacher.
inline WorkItem item_with_candidates(const std::vector<std::string>& texts) {
  WorkItem item;
  for (const std::string& text : texts) {
    Candidate& candidate = item.candidates.emplace_back();
    candidate.index = static_cast<std::uint32_t>(item.candidates.size()) - 1;
    candidate.text = text;
    Answer& answer = item.answers.emplace_back();
    answer.candidate = candidate.index;
    answer.text = text;
    answer.call_key = sha256(text);
  }
  return item;
}

/// Returns how a call ends that was answered so.
inline ChatResult answered(const ChatCall& call, std::string text) {
  ChatResult result;
  result.tag = call.tag;
  result.call = begun(call);
  result.call.attempts = 1;
  static_cast<CallIdentity&>(result.answer) = call;
  result.answer.text = std::move(text);
  return result;
}

/// Returns how a call ends that failed.
inline ChatResult failed(const ChatCall& call, Reason reason, CallEnd end = CallEnd::failed) {
  ChatResult result;
  result.tag = call.tag;
  result.failure = reason;
  result.call = begun(call);
  result.call.attempts = end == CallEnd::cancelled ? 0 : 1;
  result.call.end = end;
  return result;
}

}  // namespace fd::testing_support
