#include "coordinator/commands/show.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/merge/merge.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

class Show : public testing::Test {
 protected:
  /// Returns what is printed, or why nothing is.
  Result<std::string> shown(const ShowOptions& options) {
    std::string text;
    longest_ = 0;
    FD_TRY_VOID(show_rows(dir_, options, [&](std::string_view piece) -> Result<void> {
      longest_ = std::max(longest_, piece.size());
      text += piece;
      return {};
    }));
    return text;
  }
  std::string show(const std::string& reason, std::uint64_t limit = 10) {
    const auto text = shown({reason, limit});
    EXPECT_TRUE(text.ok()) << (text.ok() ? "" : text.error().message);
    return text.ok() ? *text : "";
  }
  RunDir dir_{fresh_folder()};
  RunConfig config_ = artifacts_config();
  std::size_t longest_ = 0;  ///< of the pieces that were printed last
};

TEST_F(Show, PrintsARowToRead) {
  const FinishedSample wrong = rejected_sample(3, Reason::gold_mismatch);
  write_run(dir_, config_, {wrong, kept_sample(1)}, 2);
  EXPECT_EQ(show("gold_mismatch"),
            "1. " + wrong.sample.id.hex().substr(0, 12) + R"(  rejected: gold_mismatch
   instruction   how many "users" have more than 3 posts?
   schema        users(id, name); posts(id, user_id)
   answer        ```sql
                 SELECT COUNT(id) FROM users WHERE posts > 3;
                 ```
   cleaned       SELECT COUNT(id) FROM users WHERE posts > 3
   cleaned by    fence
   gold          SELECT COUNT(*) FROM users WHERE posts > 3
   exec          ok, not the gold's result, score 0.5

1 of 1 rows with reason gold_mismatch; this run has: gold_mismatch (1), ok (1)
)");
}

TEST_F(Show, PrintsAllReasonsInIdOrderUpToTheLimit) {
  const std::vector<FinishedSample> samples = mixed_samples(30);
  write_run(dir_, config_, samples, 4);
  const std::string text = show("", 7);
  EXPECT_NE(text.find("\n7. "), std::string::npos);
  EXPECT_EQ(text.find("\n8. "), std::string::npos);
  EXPECT_NE(text.find("7 of 30 rows; this run has: "), std::string::npos) << text;
  std::vector<std::string> ids;
  for (std::size_t number = 1; number <= 7; ++number) {
    const std::string mark = std::to_string(number) + ". ";
    const std::size_t at = number == 1 ? 0 : text.find("\n" + mark) + 1;
    ids.push_back(text.substr(at + mark.size(), 12));
  }
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_F(Show, ARowIsPrintedBeforeTheNextOneIsMade) {
  write_run(dir_, config_, mixed_samples(30), 4);
  const std::size_t one = show("", 1).size();
  const std::size_t all = show("", 30).size();
  EXPECT_LT(longest_, 2 * one);
  EXPECT_GT(all, 20 * one);
}

TEST_F(Show, EndsWhenNobodyTakesItsRows) {
  write_run(dir_, config_, mixed_samples(30), 4);
  std::size_t pieces = 0;
  const auto ended = show_rows(dir_, {"", 30}, [&](std::string_view) -> Result<void> {
    return ++pieces < 3 ? Result<void>() : Error{Errc::storage, "full"};
  });
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().message, "full");
  EXPECT_EQ(pieces, 3u);
}

TEST_F(Show, SaysNothingOfTheGoldWhenTheAnswerDidNotRun) {
  write_run(dir_, config_, {rejected_sample(1, Reason::parse_error)}, 1);
  EXPECT_NE(show("").find("   exec          parse_error (no_such_column), score 0\n"),
            std::string::npos)
      << show("");
}

TEST_F(Show, PrintsWhyASampleFailed) {
  write_run(dir_, config_, {failed_sample(1, Reason::attempts_exhausted)}, 1);
  const std::string text = show("attempts_exhausted");
  EXPECT_NE(text.find("  failed: attempts_exhausted\n"), std::string::npos) << text;
  EXPECT_NE(text.find("   answer        none\n"), std::string::npos) << text;
  EXPECT_NE(text.find("   call          local: HTTP 500: overloaded (6 attempts)\n"),
            std::string::npos)
      << text;
}

TEST_F(Show, SaysWhichCandidateOfManyIsShown) {
  FinishedSample kept = kept_sample(1);
  Candidate second = kept.outcome.candidates.front();
  second.index = 1;
  second.text = "SELECT 2";
  kept.outcome.candidates.push_back(second);
  kept.outcome.chosen = 1;
  kept.outcome.deciding = 1;
  Answer answer = kept.answers.front();
  answer.candidate = 1;
  answer.text = "the second answer";
  kept.answers.push_back(answer);
  write_run(dir_, config_, {kept}, 1);
  const std::string text = show("ok");
  EXPECT_NE(text.find("   candidate     1 of 2, the chosen one\n"), std::string::npos) << text;
  EXPECT_NE(text.find("   answer        the second answer\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("```"), std::string::npos) << "the other candidate's answer";
}

TEST_F(Show, CutsALongFieldAndDisarmsAnAnswer) {
  FinishedSample kept = kept_sample(1);
  kept.sample.canonical_input = R"({"schema":")" + std::string(201, 's') + "\"}";
  kept.answers.front().text = "\x1b]0;owned\x07 SELECT 1";
  write_run(dir_, config_, {kept}, 1);
  const std::string text = show("ok");
  EXPECT_NE(text.find(std::string(200, 's') + "... [1 more characters]\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\\x1b]0;owned\\x07 SELECT 1\n"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(Show, AnUnknownReasonListsThoseOfTheRun) {
  write_run(dir_, config_, {kept_sample(1), rejected_sample(2, Reason::parse_error)}, 1);
  const auto text = shown({"gold_missmatch", 10});
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, Errc::invalid_input);
  EXPECT_EQ(text.error().message,
            "there is no reason \"gold_missmatch\"; this run has: ok (1), parse_error (1)");
}

TEST_F(Show, AReasonWithoutRowsSaysSo) {
  write_run(dir_, config_, {kept_sample(1)}, 1);
  EXPECT_EQ(show("timeout"), "0 of 0 rows with reason timeout; this run has: ok (1)\n");
}

TEST_F(Show, ARunUnderWayShowsWhatIsFinished) {
  const std::vector<FinishedSample> samples = mixed_samples(30);
  write_inputs(dir_, config_, samples, 2);
  EXPECT_EQ(show(""), "0 of 0 rows; this run has: none yet\n2 of 2 shards are not finished\n");
  ASSERT_TRUE(write_shard(dir_, config_, shard_result(samples, 1, 2)).ok());
  const std::string text = show("", 1);
  EXPECT_TRUE(text.starts_with("1. ")) << text;
  EXPECT_NE(text.find("1 of 2 shards are not finished\n"), std::string::npos) << text;
}

TEST_F(Show, AFolderThatIsNoRunIsNotFound) {
  const auto text = shown({});
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, Errc::not_found);
  EXPECT_TRUE(text.error().message.starts_with(dir_.root() + ": is no run folder"))
      << text.error().message;
}

TEST_F(Show, ADamagedFileIsNamed) {
  write_run(dir_, config_, {kept_sample(1)}, 1);
  put_bytes(dir_.shard_file(0, "outcomes.jsonl"), "{}\n");
  const auto text = shown({});
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, Errc::corrupt);
  EXPECT_TRUE(text.error().message.starts_with(dir_.shard_file(0, "outcomes.jsonl") + ": "));
}

}  // namespace
}  // namespace fd
