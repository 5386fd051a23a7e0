#include "tests/coordinator/inspect/inspect_fixture.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <gtest/gtest.h>

#include "actors/stages/prompt.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "coordinator/merge/merge.hpp"
#include "coordinator/reports/timing.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"
#include "tests/support/small_database.hpp"

namespace fd::testing_support {
namespace {

constexpr std::size_t kRows = 6;

/// Fails the test with the error's message.
template <class T>
T good(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  FD_CHECK(result.ok());
  return std::move(result).value();
}

void good(const Result<void>& result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
}

std::string row(std::size_t index) {
  const std::string number = std::to_string(index);
  return "{\"schema\":\"users(id, posts)\",\"instruction\":\"who has more than " + number +
         " posts?\",\"gold_sql\":\"SELECT id FROM users WHERE posts > " + number +
         "\",\"db_path\":\"shop.sqlite\"}\n";
}

}  // namespace

InspectedRun::InspectedRun(RunProgress progress, std::uint32_t shards) : root_(fresh_folder()) {
  make_config(shards);
  write_input();
  std::unique_ptr<RunFolder> folder = ingest_all();
  answer(shards);
  if (progress == RunProgress::ingested) {
    return;
  }
  record(shards);
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    if (progress == RunProgress::first_half && shard % 2 == 1) {
      continue;
    }
    ShardResult result;
    result.shard = shard;
    const auto here = [&](const auto& one) { return shard_of(one.sample_id, shards) == shard; };
    std::copy_if(answers_.begin(), answers_.end(), std::back_inserter(result.answers), here);
    std::copy_if(calls_.begin(), calls_.end(), std::back_inserter(result.calls), here);
    for (const auto& [id, outcome] : outcomes_) {
      if (here(outcome)) {
        result.outcomes.push_back(outcome);
      }
    }
    good(write_shard(*dir_, config_, std::move(result)));
  }
  if (progress == RunProgress::finished) {
    const RunSummary summary = good(merge_run(*dir_, config_, folder->facts().ingest, RunTimes{}));
    good(folder->finish(config_, exit_code_of(summary)));
  }
}

void InspectedRun::make_config(std::uint32_t shards) {
  config_ = artifacts_config();
  config_.contract.strict = false;
  config_.sharding.shards = shards;
  config_.gates.exec.database = "{{db_path}}";
}

void InspectedRun::write_input() {
  input_ = root_ + "/samples.jsonl";
  put_bytes(root_ + "/shop.sqlite", testing_support::database_bytes('s'));
  std::string text;
  for (std::size_t index = 0; index < kRows; ++index) {
    text += row(index);
  }
  put_bytes(input_, row(0) + "\n{\"schema\": 1}\n" + text);
}

std::unique_ptr<RunFolder> InspectedRun::ingest_all() {
  const std::string fresh = root_ + "/fresh";
  good(make_directories(fresh));
  IngestOptions options;
  options.inputs = {{input_}};
  options.config = &config_;
  options.directory = fresh;
  options.run_id = [](const std::vector<InputFile>&) { return std::string("text2sql-1"); };
  const IngestSummary ingest = good(fd::ingest(options));
  auto folder = good(RunFolder::take(root_, fresh, config_, ingest));
  dir_ = folder->dir();
  return folder;
}

void InspectedRun::answer(std::uint32_t shards) {
  const PromptStage prompt = good(PromptStage::make(config_));
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    const auto samples = good(read_shard_input(*dir_, shard));
    samples_.insert(samples_.end(), samples.begin(), samples.end());
  }
  for (std::size_t index = 0; index < samples_.size(); ++index) {
    FinishedSample made =
        index % 3 == 1 ? rejected_sample(index, Reason::gold_mismatch) : kept_sample(index);
    const Digest key = prompt.call(samples_[index], 0).call_key;
    made.answers.front().sample_id = made.calls.front().sample_id = made.outcome.sample_id =
        samples_[index].id;
    made.answers.front().call_key = made.calls.front().call_key =
        made.outcome.candidates.front().call_key = key;
    answers_.push_back(made.answers.front());
    calls_.push_back(made.calls.front());
    outcomes_[samples_[index].id] = made.outcome;
  }
}

void InspectedRun::record(std::uint32_t shards) const {
  LedgerOptions options;
  options.path = dir_->ledger();
  options.run_id = "text2sql-1";
  LedgerStart start;
  const std::unique_ptr<Ledger> ledger = good(Ledger::open(options, start));
  std::vector<LedgerEvent> events;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    events.emplace_back(LeaseGranted{shard, shard + 1, "local-0", 77});
  }
  for (std::size_t index = 0; index < answers_.size(); ++index) {
    const std::uint32_t shard = shard_of(answers_[index].sample_id, shards);
    Record record;
    record.shard = shard;
    record.fence = shard + 1;
    record.answer = answers_[index];
    record.call = calls_[index];
    events.emplace_back(std::move(record));
  }
  ledger->append(std::move(events), {});
  good(ledger->flush());
}

std::map<std::string, std::string> InspectedRun::files() const {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_->root())) {
    if (entry.is_regular_file() && entry.path() != dir_->lock()) {
      files[entry.path().string().substr(dir_->root().size() + 1)] =
          bytes_of(entry.path().string());
    }
  }
  return files;
}

void InspectedRun::change_run_json(const std::function<void(json::Object&)>& change) const {
  const json::Value value = good(json::parse_canonical(bytes_of(dir_->run_json())));
  json::Object object = *value.as_object();
  object.erase("seal");
  object.erase("seal_crc32c");
  change(object);
  put_bytes(dir_->run_json(), sealed_text(std::move(object)));
}

std::unique_ptr<RunFolder> InspectedRun::hold() const {
  return good(RunFolder::open(dir_->root()));
}

}  // namespace fd::testing_support
