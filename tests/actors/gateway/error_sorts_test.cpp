#include "actors/gateway/error_sorts.hpp"

#include <gtest/gtest.h>

#include "actors/gateway/error_news.hpp"

namespace fd {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

EndpointError error(std::string words, std::uint32_t status = 400) {
  return {"stub", status, std::move(words), 0};
}

TEST(ErrorSorts, AWordWithADigitIsANumber) {
  EXPECT_EQ(without_numbers("after 120000 ms (req_9fA-x, 127.0.0.1:80)"),
            "after # ms (#, #.#.#.#:#)");
  EXPECT_EQ(without_numbers("model \"qwen\" not found"), "model \"qwen\" not found");
  EXPECT_EQ(without_numbers("\xc3\xa9"
                            "1"),
            "#");
  EXPECT_EQ(without_numbers(""), "");
}

TEST(ErrorSorts, TheSameWordsWithOtherNumbersAreOneSort) {
  ErrorSorts sorts;
  EXPECT_TRUE(sorts.add(error("wait 5 s")));
  EXPECT_FALSE(sorts.add(error("wait 17 s")));
  EXPECT_TRUE(sorts.add(error("wait a bit")));
  EXPECT_TRUE(sorts.add(error("wait 5 s", 429)));
  EXPECT_TRUE(sorts.add({"other", 400, "wait 5 s", 0}));
  const auto counted = sorts.by_count();
  ASSERT_EQ(counted.size(), 4u);
  EXPECT_EQ(counted[0].first.words, "wait 5 s");
  EXPECT_EQ(counted[0].count, 2u);
  EXPECT_EQ(counted[1].first.words, "wait a bit");
}

TEST(ErrorSorts, FurtherSortsAreOnlyCounted) {
  ErrorSorts sorts;
  for (std::size_t i = 0; i < kErrorSortsMax; ++i) {
    EXPECT_TRUE(sorts.add(error(std::string(i + 1, 'x'))));
  }
  EXPECT_EQ(sorts.others(), 0u);
  EXPECT_FALSE(sorts.add(error("one more")));
  EXPECT_FALSE(sorts.add(error("one more")));
  EXPECT_EQ(sorts.others(), 2u);
  EXPECT_FALSE(sorts.add(error("x")));
  EXPECT_EQ(sorts.others(), 2u);
  EXPECT_EQ(sorts.by_count().size(), kErrorSortsMax);
}

Attempt bad_reply(std::uint32_t status, std::string words) {
  Attempt attempt;
  attempt.end = AttemptEnd::refused;
  attempt.status = status;
  attempt.error = std::move(words);
  return attempt;
}

TEST(ErrorNews, OnlyTheFirstOfASortIsNews) {
  ErrorNews news;
  const auto first = news.look(Instant{}, "stub", bad_reply(503, "busy 1"));
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (EndpointError{"stub", 503, "busy 1", 0}));
  EXPECT_FALSE(news.look(Instant{}, "stub", bad_reply(503, "busy 2")));
  EXPECT_TRUE(news.look(Instant{}, "other", bad_reply(503, "busy 3")));
}

TEST(ErrorNews, APauseThatEndsLaterIsNews) {
  ErrorNews news;
  Attempt throttled = bad_reply(429, "slow down");
  throttled.retry_after = hours(9);
  ASSERT_TRUE(news.look(Instant{}, "stub", throttled));
  EXPECT_FALSE(news.look(Instant{} + seconds(10), "stub", throttled));
  const auto later = news.look(Instant{} + seconds(11), "stub", throttled);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->wait_ms, 9u * 3600 * 1000);
}

TEST(ErrorNews, WordsAreCutToWhatAMessageCarries) {
  ErrorNews news;
  const auto told = news.look(Instant{}, "stub", bad_reply(500, std::string(5000, 'x')));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->words.size(), kMaxErrorWords);
}

}  // namespace
}  // namespace fd
