#include "coordinator/control/commit_gate.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(CommitGateTest, NothingWaitsWithNothingUnderWay) {
  const CommitGate gate;
  EXPECT_FALSE(gate.busy());
  EXPECT_FALSE(gate.holds(SendAck{}));
}

TEST(CommitGateTest, AnAckWaitsForEverythingAFlushMarkerBehindItAndAllElseForNothing) {
  CommitGate gate;
  gate.append();
  gate.append();
  gate.committed();
  EXPECT_TRUE(gate.holds(SendAck{}));
  EXPECT_TRUE(gate.holds(SendFlushMarker{}));
  EXPECT_FALSE(gate.holds(SendOrder{}));
  EXPECT_FALSE(gate.holds(SendRunSpec{}));
  EXPECT_FALSE(gate.holds(SendSamples{}));
  gate.committed();
  EXPECT_FALSE(gate.busy());
  EXPECT_FALSE(gate.holds(SendAck{}));
  EXPECT_FALSE(gate.holds(SendFlushMarker{}));
}

}  // namespace
}  // namespace fd
