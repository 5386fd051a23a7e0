#include "worker/endpoint_errors.hpp"

#include <gtest/gtest.h>

#include "tests/worker/worker_core_fixture.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;

class ReportedErrors : public testing_support::WorkerCoreTest {};

EndpointError error(std::string words, std::uint64_t wait_ms = 0) {
  return {"stub", 429, std::move(words), wait_ms};
}

TEST(EndpointErrors, TheLatestOfASortStandsForIt) {
  EndpointErrors errors;
  errors.add(Instant{}, error("id 1"));
  errors.add(Instant{}, error("other"));
  errors.add(Instant{}, error("id 2"));
  EXPECT_EQ(errors.at(Instant{}), (std::vector<EndpointError>{error("id 2"), error("other")}));
}

TEST(EndpointErrors, SaysWhatIsLeftOfAPause) {
  EndpointErrors errors;
  errors.add(Instant{}, error("slow", 1000));
  EXPECT_EQ(errors.at(Instant{} + milliseconds(400)).at(0).wait_ms, 600u);
  EXPECT_EQ(errors.at(Instant{} + milliseconds(1000)).at(0).wait_ms, 0u);
  EXPECT_EQ(errors.at(Instant{} + milliseconds(2000)).at(0).wait_ms, 0u);
}

TEST(EndpointErrors, TheOldestSortMakesRoom) {
  EndpointErrors errors;
  for (std::size_t i = 0; i <= kMaxEndpointErrors; ++i) {
    errors.add(Instant{}, error(std::string(i + 1, 'x')));
  }
  const auto all = errors.at(Instant{});
  EXPECT_EQ(all.size(), kMaxEndpointErrors);
  EXPECT_EQ(all.front().words, "xx");
}

TEST_F(ReportedErrors, StandInEveryStateFromThenOnUntilTheRunIsAnother) {
  join();
  const auto effects = step(EndpointErrorMet{error("slow", 5000)});
  ASSERT_EQ(of<WorkerState>(effects).size(), 1u) << "at once";
  EXPECT_EQ(last_state_.endpoint_errors, std::vector<EndpointError>{error("slow", 5000)});
  hear({});
  wait(std::chrono::seconds(1));
  EXPECT_EQ(last_state_.endpoint_errors, std::vector<EndpointError>{error("slow", 4000)});
  EXPECT_EQ(step(OrderArrived{from("other"), order({})}).reset, "other");
  wait(std::chrono::seconds(1));
  EXPECT_EQ(last_state_.endpoint_errors, std::vector<EndpointError>{});
}

}  // namespace
}  // namespace fd
