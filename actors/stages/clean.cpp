#include "actors/stages/clean.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "actors/gateway/finish_reason.hpp"
#include "actors/sql/clean.hpp"
#include "actors/sql/reasoning.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Returns whether the beginning of an answer says that the model will not answer.
bool is_refusal(std::string_view text) {
  constexpr std::size_t kLook = 200;
  std::string start = lowered(text.substr(0, kLook));
  // A curly apostrophe is one.
  for (std::size_t at = start.find("\xE2\x80\x99"); at != std::string::npos;
       at = start.find("\xE2\x80\x99")) {
    start.replace(at, 3, "'");
  }
  constexpr auto kPhrases = std::to_array<std::string_view>(
      {"i cannot", "i can not", "i can't", "i am sorry", "i'm sorry", "sorry, ", "i am unable",
       "i'm unable", "i am not able", "i'm not able", "i won't", "i will not", "as an ai",
       "i must decline", "i apologize"});
  return std::any_of(kPhrases.begin(), kPhrases.end(), [&](std::string_view phrase) {
    return start.find(phrase) != std::string::npos;
  });
}

/// Returns whether bytes that were no UTF-8 came with the answer: the gateway puts U+FFFD in their
/// place, and servers do that cut a character in two. Nobody wants to train on either.
bool is_broken(std::string_view text) {
  return text.find("\xEF\xBF\xBD") != std::string_view::npos;
}

/// Returns what stands last outside of the answer's reasoning.
std::string outside_reasoning(std::string_view answer) {
  const std::vector<std::string_view> parts = answer_parts(answer);
  return parts.empty() ? std::string() : std::string(parts.back());
}

class CleanStage final : public Stage {
 public:
  explicit CleanStage(bool sql) : sql_(sql) {}

  [[nodiscard]] StageId id() const override { return StageId::clean; }

  void process(WorkItem& item) override {
    item.candidates.clear();
    if (item.failure) {
      return;
    }
    for (const Answer& answer : item.answers) {
      if (answer.role == kRole) {
        item.candidates.push_back(clean(answer));
      }
    }
    std::stable_sort(item.candidates.begin(), item.candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.index < b.index; });
  }

 private:
  [[nodiscard]] Candidate clean(const Answer& answer) const {
    Candidate candidate;
    candidate.index = answer.candidate;
    candidate.call_key = answer.call_key;
    const std::string text = sql_ ? outside_reasoning(answer.text) : without_reasoning(answer.text);
    if (sql_) {
      Cleaned cleaned = clean_sql(answer.text);
      candidate.text = std::move(cleaned.text);
      candidate.clean_rule = std::move(cleaned.rule);
    } else {
      candidate.text = text;
      candidate.clean_rule = candidate.text.empty() ? "none" : "whole";
    }
    const Finish finish = finish_of(answer.finish_reason);
    if (finish == Finish::refused) {
      candidate.rule = Reason::refusal;
    } else if (finish != Finish::finished) {
      candidate.rule = Reason::truncated;
    } else if (candidate.text.empty()) {
      candidate.rule = text.empty()       ? Reason::empty_output
                       : is_refusal(text) ? Reason::refusal
                                          : Reason::format_error;
    } else if (is_broken(candidate.text)) {
      candidate.rule = Reason::format_error;
    }
    return candidate;
  }

  /// Whose answers are candidates: another role's, as a judge's, speak about them.
  static constexpr Role kRole = Role::teacher;
  bool sql_;  ///< the answer is to be SQL; else it is the text as it stands
};

}  // namespace

std::unique_ptr<Stage> make_clean_stage(const RunConfig& config) {
  return std::make_unique<CleanStage>(config.gates.exec.kind == ExecKind::sqlite);
}

}  // namespace fd
