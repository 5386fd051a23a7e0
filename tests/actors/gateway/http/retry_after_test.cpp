#include "actors/gateway/http/retry_after.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RetryAfter, ReadsSecondsAndMilliseconds) {
  struct Case {
    const char* text;
    std::optional<Duration> wait;
  };
  const Case cases[] = {
      {"2", seconds(2)},
      {"0", Duration(0)},
      {" 1.5 ", milliseconds(1500)},
      {"1e1", seconds(10)},
      {"120", seconds(120)},
      {"120.5", seconds(120)},
      {"1000000000", seconds(120)},
      {"1e300", seconds(120)},
      {"0.0000001", Duration(1)},
      {"", std::nullopt},
      {"soon", std::nullopt},
      {"-1", std::nullopt},
      {"-0", std::nullopt},
      {"nan", std::nullopt},
      {"inf", std::nullopt},
      {"2s", std::nullopt},
      {"1e999", std::nullopt},
      {"0x10", std::nullopt},
  };
  for (const Case& expected : cases) {
    EXPECT_EQ(retry_after({expected.text, "", ""}), expected.wait) << expected.text;
  }
  EXPECT_EQ(retry_after({"", "250", ""}), milliseconds(250));
  EXPECT_EQ(retry_after({"9", "250", ""}), milliseconds(250));
  EXPECT_EQ(retry_after({"9", "x", ""}), seconds(9));
  EXPECT_EQ(retry_after({"", "120001", ""}), seconds(120));
}

TEST(RetryAfter, MeasuresADateFromTheReplysOwn) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(retry_after({"Sun, 06 Nov 1994 08:50:00 GMT", "", date}), seconds(23));
  EXPECT_EQ(retry_after({"Mon, 07 Nov 1994 08:49:37 GMT", "", date}), seconds(120));
  EXPECT_EQ(retry_after({"Sun, 06 Nov 1994 08:49:36 GMT", "", date}), Duration(0));
  // Further away than microseconds can count.
  EXPECT_EQ(retry_after({"Sun, 06 Nov 400000 08:49:37 GMT", "", date}), seconds(120));
  EXPECT_EQ(retry_after({date, "", "Sun, 06 Nov 400000 08:49:37 GMT"}), Duration(0));
  EXPECT_EQ(retry_after({"Sun, 06 Nov 1994 08:50:00 GMT", "", ""}), std::nullopt);
  EXPECT_EQ(retry_after({"Sun, 06 Nov 1994 08:50:00 GMT", "", "yesterday"}), std::nullopt);
}

TEST(RetryAfter, ReadsDatesInEveryFormOfHttp) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (const char* text : {"Sun, 06 Nov 1994 08:49:50 GMT", "Sunday, 06-Nov-94 08:49:50 GMT",
                           "Sun Nov  6 08:49:50 1994", "Sun, 06 Nov 1994 09:49:50 CET"}) {
    EXPECT_EQ(retry_after({text, "", date}), seconds(13)) << text;
    EXPECT_EQ(retry_after({date, "", text}), Duration(0)) << text;
  }
  EXPECT_EQ(retry_after({"Thu, 29 Feb 2024 23:59:60 GMT", "", "Thu, 29 Feb 2024 23:59:37 GMT"}),
            seconds(23));
  const std::string first = "Thu, 01 Jan 1970 00:00:00 GMT";
  EXPECT_EQ(retry_after({first, "", first}), Duration(0));
}

TEST(RetryAfter, TakesNothingElseForADate) {
  const std::string date = "Thu, 01 Jan 2024 00:00:00 GMT";
  for (const char* text :
       {"", "soon", "Thu, 01 Foo 2024 00:00:00 GMT", "Thu, 01 Jan 2024 24:00:00 GMT",
        "Thu, 01 Jan 2024 00:60:00 GMT", "Thu, 01 Jan 2024 00:00:61 GMT",
        "Thu, 00 Jan 2024 00:00:00 GMT", "Thu, 32 Jan 2024 00:00:00 GMT", "Thu", "00:00:00"}) {
    EXPECT_EQ(retry_after({text, "", date}), std::nullopt) << text;
    EXPECT_EQ(retry_after({date, "", text}), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace fd
