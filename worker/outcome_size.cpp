#include "worker/outcome_size.hpp"

#include <algorithm>
#include <utility>

#include "actors/sql/reasoning.hpp"
#include "protocol/json/json.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

namespace fd {
namespace {

std::string too_large(Outcome& outcome, std::size_t bytes, std::size_t limit) {
  outcome = {outcome.sample_id, Verdict::failed, Reason::internal, {}, {}, {}, {}, {}};
  return "sample " + outcome.sample_id.hex() + ": the texts of its candidates have " +
         std::to_string(bytes) + " bytes together, more than " + std::to_string(limit);
}

}  // namespace

std::string fit_outcome(Outcome& outcome, const std::vector<Answer>& answers) {
  if (encoded_size_bound(outcome) <= kMaxOutcomeBytes) {
    return {};
  }
  std::string line;
  append_line(outcome, line);
  if (line.size() > json::kMaxTextBytes) {
    return too_large(outcome, line.size(), json::kMaxTextBytes);
  }
  for (Candidate& candidate : outcome.candidates) {
    const auto answer = std::ranges::find(answers, candidate.call_key, &Answer::call_key);
    if (answer != answers.end() && candidate.text == without_reasoning(answer->text)) {
      candidate.text.clear();
      candidate.text_in_answer = true;
    }
  }
  const std::size_t bytes = encoded_size_bound(outcome);
  return bytes <= kMaxOutcomeBytes ? std::string() : too_large(outcome, bytes, kMaxOutcomeBytes);
}

}  // namespace fd
