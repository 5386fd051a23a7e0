#include "tests/coordinator/replay/replay_fixture.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "actors/stages/clean.hpp"
#include "actors/stages/prompt.hpp"
#include "actors/stages/rule_filter.hpp"
#include "actors/stages/score.hpp"
#include "actors/stages/select.hpp"
#include "coordinator/run/run_folder.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd::testing_support {

RunConfig rules_config(std::uint32_t candidates) {
  RunConfig config = artifacts_config();
  config.gates.exec.kind = ExecKind::none;
  config.gates.rules.banned_patterns = {"bad"};
  config.teacher.decode.n = candidates;
  return config;
}

Sample rules_sample(std::size_t index) {
  Sample sample = kept_sample(index).sample;
  sample.gold.reset();
  sample.database.clear();
  return sample;
}

Answer rules_answer(const RunConfig& config, const Sample& sample, std::uint32_t candidate,
                    const std::string& text) {
  Answer answer;
  answer.sample_id = sample.id;
  answer.call_key = PromptStage::make(config).value().call(sample, candidate).call_key;
  answer.candidate = candidate;
  answer.model = "served";
  answer.text = text;
  answer.finish_reason = "stop";
  return answer;
}

Call answered_call(const Answer& answer) {
  Call call;
  static_cast<CallIdentity&>(call) = answer;
  call.endpoint = "local";
  call.attempts = 1;
  call.http_status = 200;
  return call;
}

ShardResult rules_result(const RunConfig& config, const Texts& texts, std::uint32_t shard,
                         std::uint32_t shards) {
  std::vector<std::unique_ptr<Stage>> stages;
  stages.push_back(make_clean_stage(config));
  stages.push_back(make_rules_stage(config).value());
  stages.push_back(make_score_stage(config));
  stages.push_back(make_select_stage(config));
  ShardResult result;
  result.shard = shard;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    WorkItem item;
    item.sample = rules_sample(i);
    if (shard_of(item.sample.id, shards) != shard) {
      continue;
    }
    for (std::uint32_t candidate = 0; candidate < texts[i].size(); ++candidate) {
      if (texts[i][candidate]) {
        item.answers.push_back(rules_answer(config, item.sample, candidate, *texts[i][candidate]));
        result.answers.push_back(item.answers.back());
        result.calls.push_back(answered_call(item.answers.back()));
      } else {
        item.failure = Reason::provider_rejected;
      }
    }
    for (const std::unique_ptr<Stage>& stage : stages) {
      stage->process(item);
    }
    result.outcomes.push_back(*item.outcome);
  }
  return result;
}

std::string write_rules_run(const RunConfig& config, const Texts& texts, std::uint32_t shards,
                            const std::vector<std::uint32_t>& pending) {
  std::vector<FinishedSample> samples(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    samples[i].sample = rules_sample(i);
  }
  const std::string artifacts = std::filesystem::canonical(fresh_folder()).string();
  const IngestSummary ingest = write_inputs(RunDir(artifacts + "/fresh"), config, samples, shards);
  const auto folder = RunFolder::take(artifacts, artifacts + "/fresh", config, ingest);
  EXPECT_TRUE(folder.ok()) << folder.error().message;
  const RunDir dir = (*folder)->dir();
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    if (std::find(pending.begin(), pending.end(), shard) == pending.end()) {
      EXPECT_TRUE(write_shard(dir, config, rules_result(config, texts, shard, shards)).ok());
    }
  }
  return dir.root();
}

ShardReplay open_replay(const std::string& folder) {
  auto shard = read_shard_to_replay(folder);
  EXPECT_TRUE(shard.ok()) << shard.error().message;
  auto replay = ShardReplay::make(std::move(shard).value(), nullptr);
  EXPECT_TRUE(replay.ok()) << replay.error().message;
  return std::move(replay).value();
}

}  // namespace fd::testing_support
