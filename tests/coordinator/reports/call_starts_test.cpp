#include "coordinator/reports/call_starts.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(CallStarts, ALeaseIsOfTheStartThatGaveIt) {
  const CallStarts starts({{1, 0}, {2, 7}, {3, 7}, {4, 9}});
  EXPECT_EQ(starts.name_of(1), "1");
  EXPECT_EQ(starts.name_of(7), "1");
  EXPECT_EQ(starts.name_of(8), "3") << "start 2 gave no lease";
  EXPECT_EQ(starts.name_of(9), "3");
  EXPECT_EQ(starts.name_of(10), "4");
}

TEST(CallStarts, ALeaseFromBeforeStartsWereKeptIsOfAnEarlierOne) {
  const CallStarts starts({{5, 3}});
  EXPECT_EQ(starts.name_of(3), "earlier");
  EXPECT_EQ(starts.name_of(4), "5");
  EXPECT_EQ(CallStarts().name_of(1), "earlier");
}

TEST(CallStarts, ACallWithoutALeaseIsOfNone) {
  EXPECT_EQ(CallStarts({{1, 0}}).name_of(0), "none");
}

}  // namespace
}  // namespace fd
