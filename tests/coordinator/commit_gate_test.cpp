#include "coordinator/commit_gate.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

LedgerEvent lease_of(std::uint64_t incarnation) {
  return LeaseGranted{0, 1, "w", incarnation};
}
Outgoing order_to(std::uint64_t incarnation) {
  SendOrder send;
  send.order.incarnation = incarnation;
  return send;
}

TEST(CommitGateTest, NothingWaitsWithNothingUnderWay) {
  const CommitGate gate;
  EXPECT_FALSE(gate.busy());
  EXPECT_FALSE(gate.holds(order_to(1)));
  EXPECT_FALSE(gate.holds(SendAck{}));
}

TEST(CommitGateTest, AnOrderWaitsForTheLeasesOfItsWorkerAlone) {
  CommitGate gate;
  gate.append({lease_of(1)});
  gate.append({Record{}});
  EXPECT_TRUE(gate.holds(order_to(1)));
  EXPECT_FALSE(gate.holds(order_to(2)));
  gate.committed();
  EXPECT_FALSE(gate.holds(order_to(1)));
  EXPECT_TRUE(gate.busy()) << "the record is still on its way";
}

TEST(CommitGateTest, AnOrderWaitsForTheLastLeaseOfItsWorker) {
  CommitGate gate;
  gate.append({lease_of(1)});
  gate.append({lease_of(1), lease_of(2)});
  gate.committed();
  EXPECT_TRUE(gate.holds(order_to(1)));
  EXPECT_TRUE(gate.holds(order_to(2)));
  gate.committed();
  EXPECT_FALSE(gate.holds(order_to(1)));
  EXPECT_FALSE(gate.holds(order_to(2)));
}

TEST(CommitGateTest, AnAckWaitsForEverythingAndSamplesForNothing) {
  CommitGate gate;
  gate.append({});
  EXPECT_TRUE(gate.holds(SendAck{}));
  EXPECT_TRUE(gate.holds(SendRunSpec{}));
  EXPECT_FALSE(gate.holds(SendSamples{}));
  gate.committed();
  EXPECT_FALSE(gate.holds(SendAck{}));
}

}  // namespace
}  // namespace fd
