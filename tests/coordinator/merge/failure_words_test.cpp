#include "coordinator/merge/failure_words.hpp"

#include <deque>

#include <gtest/gtest.h>

namespace fd {
namespace {

class FailureWordsTest : public testing::Test {
 protected:
  void call(char sample, CallEnd end, std::string error, std::uint32_t status = 400) {
    Call call;
    call.sample_id = sha256(std::string(1, sample));
    call.endpoint = "stub";
    call.end = end;
    call.http_status = status;
    call.error = std::move(error);
    append_line(call, lines_.emplace_back());
    CallView view;
    ASSERT_TRUE(read_view(lines_.back(), view).ok());
    count_.add(view);
  }
  void failed(char sample, Reason reason) {
    OutcomeView outcome;
    outcome.sample_id = sha256(std::string(1, sample));
    outcome.reason = reason;
    count_.count(outcome);
  }

  std::deque<std::string> lines_;
  FailureWordsCount count_;
};

TEST_F(FailureWordsTest, EachSampleCountsWithItsLastCallOfItsShard) {
  count_.begin_shard();
  call('a', CallEnd::failed, "old");
  call('a', CallEnd::refused, "no \"tea\" 1");
  call('b', CallEnd::refused, "no \"tea\" 2");
  call('c', CallEnd::refused, "rare");
  call('c', CallEnd::answered, "");
  call('c', CallEnd::cancelled, "not sent");
  failed('c', Reason::provider_rejected);
  failed('a', Reason::provider_rejected);
  failed('b', Reason::provider_rejected);
  failed('d', Reason::poison);
  count_.begin_shard();
  call('e', CallEnd::failed, "timed out", 0);
  failed('a', Reason::attempts_exhausted);  // whose call was another shard's
  failed('e', Reason::attempts_exhausted);

  const auto words = count_.words();
  ASSERT_EQ(words.size(), 2u);
  const auto& rejected = words.at("provider_rejected");
  ASSERT_EQ(rejected.size(), 2u);
  EXPECT_EQ(rejected[0].count, 2u);
  EXPECT_EQ(rejected[0].first, (EndpointError{"stub", 400, "no \"tea\" 1", 0}));
  EXPECT_EQ(rejected[1].first.words, "rare");
  const auto& exhausted = words.at("attempts_exhausted");
  ASSERT_EQ(exhausted.size(), 1u);
  EXPECT_EQ(exhausted[0].count, 1u);
  EXPECT_EQ(exhausted[0].first, (EndpointError{"stub", 0, "timed out", 0}));
}

}  // namespace
}  // namespace fd
