#include "coordinator/reuse/reuse_index.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>

#include <gtest/gtest.h>

#include "coordinator/ledger/ledger.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/shards/replace.hpp"
#include "tests/coordinator/replay/replay_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

using Strings = std::vector<std::string>;

constexpr std::size_t kSamples = 40;

Texts texts(const std::string& prefix) {
  Texts all;
  for (std::size_t i = 0; i < kSamples; ++i) {
    all.push_back({prefix + std::to_string(i)});
  }
  return all;
}

std::vector<Sample> all_samples() {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < kSamples; ++i) {
    samples.push_back(rules_sample(i));
  }
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.id < b.id; });
  return samples;
}

class Reuse : public testing::Test {
 protected:
  std::unique_ptr<ReuseIndex> open(const std::vector<std::string>& folders) {
    auto index = ReuseIndex::open(folders, own_, config_);
    EXPECT_TRUE(index.ok()) << index.error().message;
    return std::move(index).value();
  }
  Error open_error(const std::vector<std::string>& folders) {
    const auto index = ReuseIndex::open(folders, own_, config_);
    EXPECT_FALSE(index.ok());
    return index.ok() ? Error{} : index.error();
  }
  /// Makes the ledger of a run, with nothing in it.
  static std::unique_ptr<Ledger> make_ledger(const std::string& root) {
    LedgerOptions options;
    options.path = RunDir(root).ledger();
    options.run_id = read_run_facts(RunDir(root)).value().run_id;
    LedgerStart start;
    return Ledger::open(options, start).value();
  }
  RunConfig config_ = rules_config();
  std::string own_ = std::filesystem::canonical(fresh_folder()).string();
};

TEST_F(Reuse, FindsTheAnswersOfARunWithOtherShardsAndGates) {
  RunConfig earlier = config_;
  earlier.gates.rules.banned_patterns = {"anything"};
  const auto index = open({write_rules_run(earlier, texts("answer "), 7)});
  const std::vector<Sample> samples = all_samples();
  for (const std::uint32_t shards : {1u, 3u}) {
    std::size_t found = 0;
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      std::vector<Sample> mine;
      std::copy_if(samples.begin(), samples.end(), std::back_inserter(mine),
                   [&](const Sample& one) { return shard_of(one.id, shards) == shard; });
      const auto records = index->answers_for(shard, mine);
      ASSERT_TRUE(records.ok()) << records.error().message;
      ASSERT_EQ(records->size(), mine.size());
      for (std::size_t i = 0; i < mine.size(); ++i) {
        const Record& record = (*records)[i];
        EXPECT_EQ(record.shard, shard);
        EXPECT_FALSE(record.call || record.outcome);
        ASSERT_TRUE(record.answer.has_value());
        EXPECT_EQ(*record.answer,
                  rules_answer(config_, mine[i], 0, "answer " + std::to_string(mine[i].ordinal)));
      }
      found += records->size();
    }
    EXPECT_EQ(found, kSamples);
  }
}

TEST_F(Reuse, LeavesAnswersToOtherCallsAlone) {
  RunConfig earlier = config_;
  earlier.teacher.decode.temperature = 0.7;
  const auto index = open({write_rules_run(earlier, texts("answer "), 3)});
  const auto records = index->answers_for(0, all_samples());
  ASSERT_TRUE(records.ok());
  EXPECT_TRUE(records->empty());
}

TEST_F(Reuse, TakesTheFirstRunThatHasAnAnswer) {
  Texts half = texts("first ");
  half.resize(kSamples / 2);
  const auto index =
      open({write_rules_run(config_, half, 2), write_rules_run(config_, texts("second "), 5)});
  const auto records = index->answers_for(0, all_samples());
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), kSamples);
  std::size_t first = 0;
  for (const Record& record : *records) {
    first += record.answer->text.starts_with("first ") ? 1 : 0;
  }
  EXPECT_EQ(first, kSamples / 2);
}

TEST_F(Reuse, FindsEveryCandidateThatTheEarlierRunHas) {
  const RunConfig one = rules_config(1);
  config_ = rules_config(2);
  const auto index = open({write_rules_run(one, {{"good"}}, 1)});
  const auto records = index->answers_for(0, {rules_sample(0)});
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().answer->candidate, 0u);
}

TEST_F(Reuse, ReadsTheLedgerForShardsThatAreNotWritten) {
  const std::string root = write_rules_run(config_, texts("written "), 4, {2});
  const std::vector<Sample> samples = all_samples();
  const auto in_ledger = std::find_if(samples.begin(), samples.end(),
                                      [](const Sample& one) { return shard_of(one.id, 4) == 2; });
  ASSERT_NE(in_ledger, samples.end());
  {
    Record record;
    record.shard = 2;
    record.fence = 1;
    record.answer = rules_answer(config_, *in_ledger, 0, "in the ledger");
    make_ledger(root)->append({record}, [] {});
  }
  const std::string before = bytes_of(RunDir(root).ledger());
  const auto records = open({root})->answers_for(0, {*in_ledger});
  ASSERT_TRUE(records.ok()) << records.error().message;
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().answer->text, "in the ledger");
  EXPECT_EQ(bytes_of(RunDir(root).ledger()), before);
}

TEST_F(Reuse, IsRefusedWhileACoordinatorIsAtWorkThere) {
  const std::string root = write_rules_run(config_, texts("answer "), 4, {2});
  const auto holder = RunFolder::open(root);
  ASSERT_TRUE(holder.ok());
  EXPECT_EQ(open_error({root}).code, Errc::busy);
}

TEST_F(Reuse, NeedsNoLockOnARunThatIsWhole) {
  const std::string root = write_rules_run(config_, texts("answer "), 4);
  const auto holder = RunFolder::open(root);
  ASSERT_TRUE(holder.ok());
  EXPECT_EQ(open({root})->answers_for(0, all_samples()).value().size(), kSamples);
}

TEST_F(Reuse, NamesTheFileThatIsDamaged) {
  const std::string root = write_rules_run(config_, texts("answer "), 1);
  const std::string path = RunDir(root).shard_file(0, "answers.jsonl");
  std::string bytes = bytes_of(path);
  bytes[bytes.size() / 2] ^= 1;
  put_bytes(path, bytes);
  const auto records = open({root})->answers_for(0, all_samples());
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, Errc::corrupt);
  EXPECT_NE(records.error().message.find(path), std::string::npos);
}

// --- auto ---------------------------------------------------------------------------------------

class ReuseAuto : public Reuse {
 protected:
  /// Puts a run beside the one that looks for it, `age` seconds older than now.
  std::string put(const std::string& name, const RunConfig& config, const Texts& answers,
                  std::uint32_t shards, int age, const std::vector<std::uint32_t>& pending = {}) {
    const std::string root = write_rules_run(config, answers, shards, pending);
    std::filesystem::create_directories(root_);
    std::filesystem::rename(root, root_ + "/" + name);
    const std::string json = RunDir(root_ + "/" + name).run_json();
    std::filesystem::last_write_time(
        json, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(age));
    return root_ + "/" + name;
  }
  std::vector<std::string> found(std::unique_ptr<ReuseIndex>& index) {
    index = ReuseIndex::open_beside(root_ + "/own", config_, [this](const std::string& line) {
              lines_.push_back(line);
            }).value();
    std::vector<std::string> texts;
    const auto records = index->answers_for(0, all_samples());
    EXPECT_TRUE(records.ok());
    for (const Record& record : *records) {
      texts.push_back(record.answer->text);
    }
    return texts;
  }
  std::vector<std::string> found() {
    std::unique_ptr<ReuseIndex> index;
    return found(index);
  }

  std::string root_ = own_ + "/artifacts";
  std::vector<std::string> lines_;
};

TEST_F(ReuseAuto, TheNewestRunThatHasAnAnswerGivesIt) {
  Texts half = texts("new ");
  half.resize(kSamples / 2);
  put("a-old", config_, texts("old "), 3, 100);
  put("b-new", config_, half, 2, 10);
  std::filesystem::create_directory_symlink("a-old", root_ + "/latest");
  std::unique_ptr<ReuseIndex> index;
  const auto answers = found(index);
  EXPECT_EQ(index->runs(), 2u);
  EXPECT_EQ(answers.size(), kSamples);
  EXPECT_EQ(index->tally().answers, kSamples);
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& one) { return one.starts_with("new "); }),
            kSamples / 2);
  EXPECT_EQ(lines_, Strings{});
}

TEST_F(ReuseAuto, RunsThatAskOtherwiseAreLeftOutWithoutAWord) {
  RunConfig other = config_;
  other.teacher.model = "other";
  put("model", other, texts("x "), 1, 1);
  other = config_;
  other.teacher.prompt += " please";
  put("prompt", other, texts("x "), 1, 2);
  std::filesystem::create_directory(root_ + "/no-run");
  RunConfig gates = config_;
  gates.teacher.decode.n = 2;
  gates.gates.rules.max_chars = 77;
  put("gates", gates, {{"a", "b"}}, 1, 3);
  std::unique_ptr<ReuseIndex> index;
  EXPECT_EQ(found(index), (Strings{"a"}));
  EXPECT_EQ(index->runs(), 1u);
  EXPECT_EQ(lines_, Strings{});
}

TEST_F(ReuseAuto, ADamagedRunIsPassedOverWithALine) {
  const std::string shard = put("shard", config_, texts("x "), 1, 1);
  const std::string path = RunDir(shard).shard_file(0, "answers.jsonl");
  std::string bytes = bytes_of(path);
  bytes[bytes.size() / 2] ^= 1;
  put_bytes(path, bytes);
  put_bytes(RunDir(put("json", config_, texts("y "), 1, 2)).run_json(), "{");
  put("whole", config_, texts("good "), 2, 300);
  const auto answers = found();
  EXPECT_EQ(answers.size(), kSamples);
  EXPECT_TRUE(answers.front().starts_with("good ")) << answers.front();
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_TRUE(lines_[0].starts_with("reuse: passed over ")) << lines_[0];
  EXPECT_NE(lines_[0].find(RunDir(root_ + "/json").run_json()), std::string::npos) << lines_[0];
  EXPECT_NE(lines_[1].find(path), std::string::npos) << lines_[1];
}

TEST_F(ReuseAuto, ARunThatACoordinatorIsAtWorkOnIsPassedOverWithALine) {
  const std::string root = put("live", config_, texts("x "), 1, 1, {0});
  make_ledger(root);
  const auto holder = RunFolder::open(root);
  ASSERT_TRUE(holder.ok());
  EXPECT_EQ(found(), Strings{});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find(root), std::string::npos) << lines_[0];
}

TEST_F(ReuseAuto, KeepsNobodyOutOfARunThatIsNotWhole) {
  const std::string root = put("stopped", config_, texts("x "), 2, 1, {1});
  make_ledger(root);
  std::unique_ptr<ReuseIndex> index;
  EXPECT_FALSE(found(index).empty());
  EXPECT_EQ(lines_, Strings{});
  EXPECT_TRUE(RunFolder::open(root).ok());
}

// --- names --------------------------------------------------------------------------------------

TEST_F(Reuse, NamesWhatIsNoRun) {
  EXPECT_EQ(open_error({own_}).code, Errc::invalid_input);
  EXPECT_EQ(open_error({own_}).message, "reuse.0: " + own_ + ": is not the folder of a run");
  own_ = write_rules_run(config_, {{"good"}}, 1);
  EXPECT_EQ(open_error({own_}).message, "reuse: " + own_ + ": is this run itself");
}

TEST_F(Reuse, IsRelativeToTheConfig) {
  const std::string root = write_rules_run(config_, {{"good"}}, 1);
  const std::size_t slash = root.rfind('/');
  const auto resolved = resolve_reuse({root.substr(slash + 1)}, root.substr(0, slash));
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  EXPECT_EQ(*resolved, std::vector<std::string>{root});
}

}  // namespace
}  // namespace fd
