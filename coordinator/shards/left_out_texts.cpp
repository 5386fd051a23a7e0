#include "coordinator/shards/left_out_texts.hpp"

#include <map>
#include <utility>

#include "actors/sql/reasoning.hpp"

namespace fd {

void put_texts_back(ShardResult& result) {
  std::map<std::pair<SampleId, Digest>, Candidate*> left_out;
  for (Outcome& outcome : result.outcomes) {
    for (Candidate& candidate : outcome.candidates) {
      if (candidate.text_in_answer) {
        candidate.text_in_answer = false;
        left_out.emplace(std::pair(outcome.sample_id, candidate.call_key), &candidate);
      }
    }
  }
  if (left_out.empty()) {
    return;
  }
  for (const Answer& answer : result.answers) {
    const auto found = left_out.find({answer.sample_id, answer.call_key});
    if (found != left_out.end()) {
      found->second->text = without_reasoning(answer.text);
    }
  }
}

}  // namespace fd
