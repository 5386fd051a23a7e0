#include "tests/coordinator/shards/artifacts_fixture.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <gtest/gtest.h>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"

namespace fd::testing_support {
namespace {

const std::string kDatabase(64, 'd');

Candidate candidate_of(const Answer& answer, const std::string& sql) {
  Candidate candidate;
  candidate.index = answer.candidate;
  candidate.call_key = answer.call_key;
  candidate.text = sql;
  candidate.clean_rule = "fence";
  return candidate;
}

FinishedSample answered(std::size_t index) {
  FinishedSample made;
  const std::string number = std::to_string(index);
  made.sample.id = sample_id(index);
  made.sample.ordinal = index;
  made.sample.canonical_input = "{\"instruction\":\"how many \\\"users\\\" have more than " +
                                number +
                                " posts?\",\"schema\":\"users(id, name); posts(id, user_id)\"}";
  made.sample.gold = "SELECT COUNT(*) FROM users WHERE posts > " + number;
  made.sample.database = kDatabase;
  Answer answer;
  answer.sample_id = made.sample.id;
  answer.call_key = sha256("call " + number);
  answer.model = "qwen3:0.6b";
  answer.text = "```sql\nSELECT COUNT(id) FROM users WHERE posts > " + number + ";\n```";
  answer.finish_reason = "stop";
  Call call;
  static_cast<CallIdentity&>(call) = answer;
  call.endpoint = "local";
  call.served_model = "qwen3:0.6b";
  call.price = Price{1.0, 2.0};
  call.attempts = 1 + (index % 7 == 0 ? 1u : 0u);
  call.http_status = 200;
  call.prompt_tokens = 100;
  call.completion_tokens = 20;
  call.queue_us = 5;
  call.service_us = 1000 + index;
  made.outcome.sample_id = made.sample.id;
  made.outcome.candidates.push_back(
      candidate_of(answer, "SELECT COUNT(id) FROM users WHERE posts > " + number));
  made.answers.push_back(std::move(answer));
  made.calls.push_back(std::move(call));
  return made;
}

void executed(Candidate& candidate, bool match) {
  candidate.exec = ExecStatus::ok;
  candidate.signature = sha256(candidate.text).hex();
  candidate.gold_match = match;
  candidate.score = match ? 1.0 : 0.5;
}

}  // namespace

RunConfig artifacts_config() {
  RunConfig config;
  config.task = "text2sql";
  config.contract.fields = {"schema", "instruction"};
  config.teacher.model = "qwen3:0.6b";
  config.teacher.system_prompt = "Return SQL only.";
  config.teacher.prompt = "Schema: {{schema}}\nQuestion: {{instruction}}\nSQL:";
  ProviderConfig provider;
  provider.name = "local";
  provider.base_url = "http://127.0.0.1:11434/v1";
  provider.price_per_mtok = {.input = 1.0, .output = 2.0};
  config.gateway.providers.push_back(provider);
  return config;
}

SampleId sample_id(std::size_t index) {
  return sha256("sample " + std::to_string(index));
}

FinishedSample kept_sample(std::size_t index) {
  FinishedSample made = answered(index);
  executed(made.outcome.candidates.front(), true);
  made.outcome.verdict = Verdict::kept;
  made.outcome.reason = Reason::none;
  made.outcome.chosen = 0;
  made.outcome.deciding = 0;
  return made;
}

FinishedSample rejected_sample(std::size_t index, Reason reason) {
  FinishedSample made = answered(index);
  Candidate& candidate = made.outcome.candidates.front();
  made.outcome.verdict = Verdict::rejected;
  made.outcome.reason = reason;
  made.outcome.deciding = 0;
  switch (reason) {
    case Reason::gold_mismatch:
      executed(candidate, false);
      break;
    case Reason::gold_error:
      executed(candidate, false);
      candidate.gold_match.reset();
      made.outcome.gold_failed = true;
      break;
    case Reason::parse_error:
      candidate.exec = ExecStatus::parse_error;
      candidate.error_class = "no_such_column";
      candidate.gold_match = false;
      candidate.score = 0.0;
      break;
    case Reason::row_limit:
      candidate.exec = ExecStatus::row_limit;
      candidate.error_class = "row_limit";
      candidate.gold_match = false;
      candidate.score = 0.0;
      break;
    default:
      candidate.rule = reason;
      candidate.text = reason == Reason::empty_output ? "" : candidate.text;
      break;
  }
  return made;
}

FinishedSample failed_sample(std::size_t index, Reason reason) {
  FinishedSample made = answered(index);
  made.answers.clear();
  made.outcome.candidates.clear();
  made.outcome.verdict = Verdict::failed;
  made.outcome.reason = reason;
  Call& call = made.calls.front();
  call.attempts = 6;
  call.http_status = 500;
  call.prompt_tokens = 0;
  call.completion_tokens = 0;
  call.end = CallEnd::failed;
  call.error = "HTTP 500: overloaded";
  return made;
}

std::vector<FinishedSample> mixed_samples(std::size_t count) {
  constexpr std::array<Reason, 6> kReasons = {Reason::gold_mismatch, Reason::gold_mismatch,
                                              Reason::parse_error,   Reason::empty_output,
                                              Reason::gold_error,    Reason::row_limit};
  std::vector<FinishedSample> samples;
  for (std::size_t index = 0; index < count; ++index) {
    const bool kept = index % 10 < 6;
    samples.push_back(kept ? kept_sample(index)
                           : rejected_sample(index, kReasons.at((index / 2) % kReasons.size())));
  }
  return samples;
}

std::string fresh_folder() {
  std::string path = testing::TempDir() + "/artifacts-XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

IngestSummary write_inputs(const RunDir& dir, const RunConfig& config,
                           const std::vector<FinishedSample>& samples, std::uint32_t shards) {
  std::vector<Sample> sorted;
  for (const FinishedSample& one : samples) {
    sorted.push_back(one.sample);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Sample& a, const Sample& b) { return a.id < b.id; });
  IngestSummary ingest;
  ingest.run_id = "text2sql-0123456789abcdef";
  ingest.raw = samples.size() + 3;
  ingest.invalid = 1;
  ingest.duplicate = 2;
  ingest.unique = samples.size();
  ingest.shards = shards;

  Manifest manifest;
  manifest.run_id = ingest.run_id;
  manifest.config_digest = config_digest(config);
  manifest.columns = {"canonical_input", "database", "gold", "ordinal", "sample_id"};
  ContentDigest all;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    std::string text;
    ContentDigest content;
    for (const Sample& sample : sorted) {
      if (shard_of(sample.id, shards) == shard) {
        std::string line;
        append_line(sample, line);
        content.add(sample.id, line);
        all.add(sample.id, line);
        text += line + "\n";
      }
    }
    Manifest own = manifest;
    own.stage = "shard";
    own.shard = shard;
    own.shards = shards;
    own.state = ShardFileState::pending;
    own.count = content.count();
    own.min_sample_id = content.min_id();
    own.max_sample_id = content.max_id();
    own.content_sha256 = content.finish();
    own.databases = {kDatabase};
    EXPECT_TRUE(make_directories(dir.shard(shard)).ok());
    own.files = {write_file(dir.shard_file(shard, "input.jsonl"), text).value()};
    EXPECT_TRUE(
        write_file(dir.shard_file(shard, "manifest.json"), json::pretty(to_json(own))).ok());
  }
  manifest.stage = "dedup";
  manifest.count = all.count();
  manifest.min_sample_id = all.min_id();
  manifest.max_sample_id = all.max_id();
  manifest.content_sha256 = all.finish();
  const std::string path = dir.stage_manifest("dedup");
  EXPECT_TRUE(make_directories(path.substr(0, path.rfind('/'))).ok());
  EXPECT_TRUE(write_file(path, json::pretty(to_json(manifest))).ok());
  return ingest;
}

ShardResult shard_result(const std::vector<FinishedSample>& samples, std::uint32_t shard,
                         std::uint32_t shards) {
  ShardResult result;
  result.shard = shard;
  for (const FinishedSample& one : samples) {
    if (shard_of(one.sample.id, shards) == shard) {
      result.answers.insert(result.answers.end(), one.answers.begin(), one.answers.end());
      result.calls.insert(result.calls.end(), one.calls.begin(), one.calls.end());
      result.outcomes.push_back(one.outcome);
    }
  }
  return result;
}

IngestSummary write_run(const RunDir& dir, const RunConfig& config,
                        const std::vector<FinishedSample>& samples, std::uint32_t shards) {
  const IngestSummary ingest = write_inputs(dir, config, samples, shards);
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    const auto written = write_shard(dir, config, shard_result(samples, shard, shards));
    EXPECT_TRUE(written.ok()) << (written.ok() ? "" : written.error().message);
  }
  return ingest;
}

std::string bytes_of(const std::string& path) {
  auto text = read_file(path);
  EXPECT_TRUE(text.ok()) << path;
  return text.ok() ? *text : "";
}

void put_bytes(const std::string& path, const std::string& bytes) {
  EXPECT_TRUE(write_file(path, bytes).ok()) << path;
}

}  // namespace fd::testing_support
