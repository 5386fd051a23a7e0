#include "coordinator/replay/shard.hpp"

#include <gtest/gtest.h>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "tests/coordinator/replay/replay_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

std::string folder_of(const std::string& root) {
  return RunDir(root).shard(0);
}

/// Writes the shard's files as `change` leaves its content, with a manifest that fits.
std::string changed_shard(const RunConfig& config, const Texts& texts,
                          const std::function<void(ShardResult&)>& change) {
  const std::string root = write_rules_run(config, texts, 1, {0});
  ShardResult result = rules_result(config, texts, 0, 1);
  change(result);
  EXPECT_TRUE(write_shard(RunDir(root), config, std::move(result)).ok());
  return folder_of(root);
}

TEST(ReplayShard, FindsTheSameDigestInACommittedShard) {
  const std::string folder =
      folder_of(write_rules_run(rules_config(), {{"good"}, {"bad"}, {"good"}}, 1));
  ShardReplay replay = open_replay(folder);
  const ReplayCheck check = replay.check();
  EXPECT_EQ(check.difference, "");
  EXPECT_EQ(check.failed, 0u);
  EXPECT_EQ(check.digest, replay.shard().manifest.content_sha256);
  EXPECT_TRUE(replay.missing().empty());
}

TEST(ReplayShard, SaysWhatDiffersInTheFirstSampleThatDoes) {
  const std::string folder = changed_shard(rules_config(), {{"good"}}, [](ShardResult& result) {
    result.outcomes[0].verdict = Verdict::rejected;
    result.outcomes[0].reason = Reason::too_long;
    result.outcomes[0].chosen.reset();
  });
  EXPECT_EQ(open_replay(folder).check().difference,
            "sample " + rules_sample(0).id.hex() + ": rejected(too_long) on record, kept now");
}

TEST(ReplayShard, SaysWhichMemberOfACandidateDiffers) {
  const std::string folder =
      changed_shard(rules_config(2), {{"good", "bad"}},
                    [](ShardResult& result) { result.outcomes[0].candidates[1].text = "worse"; });
  EXPECT_EQ(open_replay(folder).check().difference,
            "sample " + rules_sample(0).id.hex() +
                ": candidate 1: text: \"worse\" on record, \"bad\" now");
}

TEST(ReplayShard, ReportsAnOutcomeWhoseAnswerIsMissing) {
  const std::string folder = changed_shard(rules_config(2), {{"good", "bad"}},
                                           [](ShardResult& result) { result.answers.pop_back(); });
  EXPECT_EQ(open_replay(folder).check().difference,
            "sample " + rules_sample(0).id.hex() + ": kept on record, but not all of its answers");
}

TEST(ReplayShard, KeepsAVerdictThatAGuardOfTimeGave) {
  const std::string folder = changed_shard(rules_config(), {{"good"}}, [](ShardResult& result) {
    result.outcomes[0].verdict = Verdict::rejected;
    result.outcomes[0].reason = Reason::timeout;
    result.outcomes[0].chosen.reset();
    result.outcomes[0].candidates[0].exec = ExecStatus::timeout;
  });
  EXPECT_EQ(open_replay(folder).check().difference, "");
}

TEST(ReplayShard, RefusesAnAnswerToAnotherCall) {
  const std::string folder =
      changed_shard(rules_config(), {{"good"}, {"good"}},
                    [](ShardResult& result) { result.answers[1].call_key = sha256("other"); });
  auto shard = read_shard_to_replay(folder);
  ASSERT_TRUE(shard.ok()) << shard.error().message;
  const auto replay = ShardReplay::make(std::move(shard).value(), nullptr);
  ASSERT_FALSE(replay.ok());
  EXPECT_EQ(replay.error().code, Errc::corrupt);
  EXPECT_NE(replay.error().message.find("/answers.jsonl: line "), std::string::npos);
}

TEST(ReplayShard, CountsFailedSamplesAndAsksOnlyForWhatTheyMiss) {
  const std::string folder = folder_of(
      write_rules_run(rules_config(2),
                      {{"good", "good"}, {"good", std::nullopt}, {std::nullopt, std::nullopt}}, 1));
  ShardReplay replay = open_replay(folder);
  const ReplayCheck check = replay.check();
  EXPECT_EQ(check.difference, "");
  EXPECT_EQ(check.failed, 2u);
  EXPECT_EQ(check.answered_failed, 0u);
  EXPECT_EQ(check.failed_reasons, (std::map<std::string, std::uint64_t>{{"provider_rejected", 2}}));
  std::multiset<std::pair<SampleId, std::uint32_t>> missing;
  for (const ChatCall& call : replay.missing()) {
    missing.emplace(call.sample_id, call.candidate);
  }
  EXPECT_EQ(missing,
            (std::multiset<std::pair<SampleId, std::uint32_t>>{
                {rules_sample(1).id, 1}, {rules_sample(2).id, 0}, {rules_sample(2).id, 1}}));
}

TEST(ReplayShard, BecomesTheShardOfARunWithoutFaults) {
  const RunConfig config = rules_config(2);
  const Texts whole = {{"good", "bad"}, {"bad", "bad"}, {"good", "good"}};
  const std::string folder = folder_of(write_rules_run(
      config, {{"good", "bad"}, {"bad", std::nullopt}, {std::nullopt, std::nullopt}}, 1));
  const std::string reference = folder_of(write_rules_run(config, whole, 1));
  ShardReplay replay = open_replay(folder);
  for (const ChatCall& call : replay.missing()) {
    const std::size_t index = call.sample_id == rules_sample(1).id ? 1 : 2;
    EXPECT_TRUE(replay.add(
        rules_answer(config, rules_sample(index), call.candidate, *whole[index][call.candidate])));
  }
  EXPECT_TRUE(replay.missing().empty());
  ASSERT_TRUE(write_shard_at(folder, config, replay.result()).ok());
  for (const char* file : {"answers.jsonl", "outcomes.jsonl", "config.json", "manifest.json"}) {
    EXPECT_EQ(bytes_of(folder + "/" + file), bytes_of(reference + "/" + file)) << file;
  }
}

TEST(ReplayShard, TakesOnlyAnswersToCallsThatAreMissing) {
  const RunConfig config = rules_config();
  const std::string folder = folder_of(write_rules_run(config, {{"good"}, {std::nullopt}}, 1));
  ShardReplay replay = open_replay(folder);
  EXPECT_FALSE(replay.add(rules_answer(config, rules_sample(0), 0, "another")));
  EXPECT_FALSE(replay.add(rules_answer(config, rules_sample(7), 0, "of no sample here")));
  EXPECT_FALSE(replay.add(rules_answer(config, rules_sample(1), 1, "beyond the candidates")));
  Answer other = rules_answer(config, rules_sample(1), 0, "to another prompt");
  other.call_key = sha256("other");
  EXPECT_FALSE(replay.add(other));
  EXPECT_TRUE(replay.add(rules_answer(config, rules_sample(1), 0, "first")));
  EXPECT_FALSE(replay.add(rules_answer(config, rules_sample(1), 0, "second")));
  const ShardResult result = replay.result();
  ASSERT_EQ(result.answers.size(), 2u);
  EXPECT_EQ(result.answers[0].text == "first" || result.answers[1].text == "first", true);
}

TEST(ReplayShard, GivesAFailedSampleItsLatestReason) {
  const RunConfig config = rules_config(2);
  const Texts texts = {{"good", std::nullopt}, {"good", std::nullopt}};
  ShardReplay replay = open_replay(folder_of(write_rules_run(config, texts, 1)));
  replay.add_failure(rules_answer(config, rules_sample(1), 1, ""), Reason::attempts_exhausted);
  for (const Outcome& outcome : replay.result().outcomes) {
    EXPECT_EQ(outcome.verdict, Verdict::failed);
    EXPECT_EQ(outcome.reason, outcome.sample_id == rules_sample(1).id ? Reason::attempts_exhausted
                                                                      : Reason::provider_rejected);
  }
}

TEST(ReplayShard, KeepsEachCallOnce) {
  const RunConfig config = rules_config();
  ShardReplay replay = open_replay(folder_of(write_rules_run(config, {{"good"}}, 1)));
  const Call call = answered_call(rules_answer(config, rules_sample(0), 0, "good"));
  replay.add(call);
  Call in_doubt = call;
  in_doubt.end = CallEnd::in_doubt;
  replay.add(in_doubt);
  replay.add(in_doubt);
  EXPECT_EQ(replay.result().calls, (std::vector<Call>{call, in_doubt}));
}

TEST(ReplayShard, RefusesAConfigThatIsNotTheManifests) {
  const std::string folder = folder_of(write_rules_run(rules_config(), {{"good"}}, 1));
  auto manifest = read_shard_manifest_at(folder);
  ASSERT_TRUE(manifest.ok());
  manifest->config_digest = sha256("another");
  put_bytes(folder + "/manifest.json", json::pretty(to_json(*manifest)));
  const auto shard = read_shard_to_replay(folder);
  ASSERT_FALSE(shard.ok());
  EXPECT_EQ(shard.error().code, Errc::corrupt);
  EXPECT_NE(shard.error().message.find("/config.json: is not the config that the manifest names"),
            std::string::npos);
}

TEST(ReplayShard, OutcomesTooLongToBeComparedDiffer) {
  Outcome then;
  then.candidates.emplace_back().text = "short";
  Outcome now = then;
  now.candidates[0].text = std::string(json::kMaxTextBytes, 'x');
  const auto bytes = [](const Outcome& outcome) {
    std::string line;
    append_line(outcome, line);
    return std::to_string(line.size());
  };
  EXPECT_EQ(outcome_difference(then, now),
            "an outcome of " + bytes(then) + " bytes on record, of " + bytes(now) + " now");
}

}  // namespace
}  // namespace fd
