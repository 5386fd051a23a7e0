#include "tests/sim/dataset.hpp"

#include <algorithm>

#include "tests/sim/gates.hpp"
#include "tests/sim/random.hpp"

namespace fd::sim {
Dataset::Dataset(const Plan& plan) : candidates_(plan.candidates), other_roles_(plan.other_roles) {
  Random random(plan.seed, "samples");
  std::vector<Digest> digests;
  for (std::uint32_t i = 0; i < plan.databases; ++i) {
    const std::string bytes(kDatabaseBytes, static_cast<char>('a' + i));
    digests.push_back(sha256(bytes));
    databases_.emplace(digests.back(), bytes);
  }
  for (std::uint32_t shard = 0; shard < plan.shards.size(); ++shard) {
    std::vector<Sample> samples;
    for (std::uint32_t position = 0; position < plan.shards[shard]; ++position) {
      Sample sample;
      for (std::uint8_t& byte : sample.id.bytes) {
        byte = static_cast<std::uint8_t>(random.next());
      }
      sample.id.bytes[0] = static_cast<std::uint8_t>(shard);
      sample.id.bytes[1] = static_cast<std::uint8_t>(position);
      sample.ordinal = count_++;
      sample.canonical_input = "{}";
      if (!digests.empty()) {
        sample.database = digests[sample.ordinal % digests.size()].hex();
      }
      samples.push_back(std::move(sample));
    }
    shards_.push_back(std::move(samples));
  }
}

CallIdentity Dataset::call(const Sample& sample, std::uint32_t number) const {
  CallIdentity call;
  call.sample_id = sample.id;
  call.call_key = sample.id;
  call.call_key.bytes[31] = static_cast<std::uint8_t>(number);
  if (number < candidates_) {
    call.candidate = number;
  } else if (number < candidates_ + 2) {
    call.role = Role::judge;
    call.vote = number - candidates_;
  } else {
    call.round = 1;
  }
  return call;
}

Answer Dataset::answer(const Sample& sample, std::uint32_t number, std::uint32_t request) const {
  Answer answer;
  static_cast<CallIdentity&>(answer) = call(sample, number);
  answer.model = "m";
  answer.text = std::to_string(
      (sample.id.leading_bits() + number * 0x9e3779b9u + request * 0x85ebca6bu) % 1'000'003);
  answer.finish_reason = "stop";
  return answer;
}

Outcome Dataset::outcome(const Sample& sample, const std::vector<Answer>& answers, Reason failure) {
  static const std::vector<std::unique_ptr<Stage>> gates = make_gates();
  WorkItem item;
  item.sample = sample;
  item.answers = answers;
  if (failure != Reason::none) {
    item.failure = failure;
  }
  for (const auto& gate : gates) {
    gate->process(item);
  }
  return select(std::move(item));
}

ShardArtifacts Dataset::artifacts(std::vector<Answer> answers, std::vector<Outcome> outcomes) {
  std::ranges::sort(answers, {}, &Answer::order);
  std::sort(outcomes.begin(), outcomes.end(),
            [](const Outcome& a, const Outcome& b) { return a.sample_id < b.sample_id; });
  ShardArtifacts made;
  for (const Answer& answer : answers) {
    append_line(answer, made.answers);
    made.answers += '\n';
  }
  for (const Outcome& outcome : outcomes) {
    append_line(outcome, made.outcomes);
    made.outcomes += '\n';
  }
  return made;
}

ShardArtifacts Dataset::expected(std::uint32_t shard) const {
  std::vector<Answer> answers;
  std::vector<Outcome> outcomes;
  for (const Sample& sample : shards_.at(shard)) {
    std::vector<Answer> own;
    for (std::uint32_t number = 0; number < calls(); ++number) {
      own.push_back(answer(sample, number, 0));
    }
    std::ranges::sort(own, {}, &Answer::order);
    outcomes.push_back(outcome(sample, own, Reason::none));
    answers.insert(answers.end(), own.begin(), own.end());
  }
  return artifacts(std::move(answers), std::move(outcomes));
}

}  // namespace fd::sim
