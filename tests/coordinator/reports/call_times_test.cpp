#include "coordinator/reports/call_times.hpp"

#include <string_view>

#include <gtest/gtest.h>

namespace fd {
namespace {

CallView answered(std::string_view provider) {
  CallView call;
  call.endpoint = provider;
  call.queue_us = 2'000;
  call.service_us = 40'000;
  call.connect_us = 1'000;
  call.first_byte_us = 30'000;
  return call;
}

double median(const json::Value& report, const char* provider, const char* phase) {
  return *report.find(provider)->find(phase)->find("p50_ms")->as_number();
}

TEST(CallTimes, TellsWhereTheTimeOfAProvidersCallsWent) {
  CallTimes times;
  times.add(answered(R"("a")"));
  CallView slow = answered(R"("b")");
  slow.service_us = 4'000'000;
  times.add(slow);
  const json::Value report = times.report();
  EXPECT_EQ(report.find("a")->find("count")->as_uint(), 1u);
  EXPECT_NEAR(median(report, "a", "queue"), 2, 2 / 64.0);
  EXPECT_NEAR(median(report, "a", "connect"), 1, 1 / 64.0);
  EXPECT_NEAR(median(report, "a", "first_byte"), 30, 30 / 64.0);
  EXPECT_NEAR(median(report, "a", "total"), 42, 42 / 64.0);
  EXPECT_NEAR(median(report, "b", "total"), 4'002, 4'002 / 64.0);
}

TEST(CallTimes, CountsNoCallThatWasNotAnswered) {
  CallTimes times;
  CallView failed = answered(R"("a")");
  failed.end = CallEnd::failed;
  times.add(failed);
  EXPECT_EQ(json::canonical(times.report()), "{}");
}

/// Calls of earlier programs do not tell them.
TEST(CallTimes, TakesNoUnknownTimeForZero) {
  CallTimes times;
  CallView old = answered(R"("a")");
  old.connect_us.reset();
  old.first_byte_us.reset();
  times.add(old);
  times.add(answered(R"("a")"));
  EXPECT_NEAR(median(times.report(), "a", "connect"), 1, 1 / 64.0);
  EXPECT_NEAR(median(times.report(), "a", "first_byte"), 30, 30 / 64.0);
}

}  // namespace
}  // namespace fd
