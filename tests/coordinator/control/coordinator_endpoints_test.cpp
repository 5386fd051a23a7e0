#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/endpoint_report.hpp"
#include "tests/coordinator/control/core_fixture.hpp"

namespace fd {
namespace {

EndpointReport report(std::string provider, EndpointState state, std::string words = "") {
  return {std::move(provider), state, state == EndpointState::good, 0, std::move(words)};
}
EndpointReport good(std::string provider) {
  return report(std::move(provider), EndpointState::good);
}
EndpointReport refuses(std::string provider) {
  return report(std::move(provider), EndpointState::refuses, "HTTP 401: no");
}

class CoordinatorEndpoints : public testing_support::CoreTest {
 protected:
  CoordinatorEndpoints() {
    config_.providers = {{"a", 100}};
    config_.refusal_limit = 8;
  }

  /// A state of a worker that has calls for more samples than anybody allows. Returns the calls
  /// that it is told to have, by provider.
  std::vector<std::uint32_t> told(std::uint64_t incarnation, const std::string& name,
                                  std::vector<EndpointReport> reports) {
    const CoordinatorEffects effects = state(incarnation, name, [&](WorkerState& state) {
      state.waiting = waiting_;
      state.endpoints = std::move(reports);
      const Order& last = orders_[incarnation];
      state.shares = last.shares;
      state.share_heard = last.share_number;
      for (const GrantedLease& lease : last.leases) {
        state.leases.push_back({lease.shard, lease.fence, 0, lease.count});
      }
    });
    for (const SendOrder& send : sent<SendOrder>(effects)) {
      orders_[send.incarnation] = send.order;
    }
    std::vector<std::uint32_t> calls;
    for (const Share& share : orders_[incarnation].shares) {
      calls.push_back(share.calls);
    }
    return calls;
  }
  std::vector<std::uint32_t> settle(std::uint64_t incarnation, const std::string& name,
                                    const std::vector<EndpointReport>& reports) {
    told(incarnation, name, reports);
    return told(incarnation, name, reports);
  }
  std::size_t leases(std::uint64_t incarnation) { return orders_[incarnation].leases.size(); }

  std::map<std::uint64_t, Order> orders_;
  std::uint32_t waiting_ = 1000;  ///< calls, at each worker
};

using Calls = std::vector<std::uint32_t>;

TEST_F(CoordinatorEndpoints, GetFewCallsUntilTheyAnswerAndThenAllThatTheyAllow) {
  config_.providers = {{"a", 100}, {"b", 4}};
  begin();
  EXPECT_EQ(settle(5, "w", {}), (Calls{8, 4}));
  EXPECT_FALSE(orders_[5].shares[0].answers);
  EXPECT_EQ(settle(5, "w", {good("a")}), (Calls{100, 4}));
  EXPECT_TRUE(orders_[5].shares[0].answers);
  EXPECT_FALSE(orders_[5].shares[1].answers);
}

TEST_F(CoordinatorEndpoints, TheLimitBeforeTheFirstAnswerIsThatOfAllWorkers) {
  config_.workers_expected = 2;
  begin({{2}, {2}});
  settle(5, "v", {});
  settle(6, "w", {});
  EXPECT_EQ(settle(5, "v", {}), Calls{4});
  EXPECT_EQ(settle(6, "w", {}), Calls{4});
}

/// The part that the one before it has no use for is not another provider's, before that answers.
TEST_F(CoordinatorEndpoints, TheFewCallsBeforeTheFirstAnswerAreDividedEvenly) {
  config_.providers = {{"a", 100}, {"b", 100}};
  config_.workers_expected = 2;
  begin({{2}, {2}});
  EXPECT_EQ(settle(5, "v", {}), (Calls{4, 4}));
  EXPECT_EQ(settle(5, "v", {refuses("a")}), (Calls{1, 4}));
}

TEST_F(CoordinatorEndpoints, WhoseAnswerOneWorkerHasIsKnownToAll) {
  begin({{2}, {2}});
  settle(5, "v", {});
  settle(6, "w", {});
  told(5, "v", {good("a")});
  EXPECT_TRUE(orders_[6].shares[0].answers) << "without being asked";
}

/// An engine may be loading anew: its calls are few until it answers in this start.
TEST_F(CoordinatorEndpoints, OfAnEarlierStartAreTrustedAndNotTakenForGood) {
  config_.answered_before = true;
  begin();
  EXPECT_EQ(settle(5, "w", {}), Calls{8});
  EXPECT_TRUE(orders_[5].shares[0].answers);
}

TEST_F(CoordinatorEndpoints, GetOneCallWhereTheyAreOut) {
  config_.providers = {{"a", 100}, {"b", 100}};
  begin({{2}, {2}});
  settle(5, "v", {good("a"), good("b")});
  settle(6, "w", {good("a"), good("b")});
  EXPECT_EQ(settle(5, "v", {good("a"), good("b")}), (Calls{50, 50}));
  settle(6, "w", {good("a"), refuses("b")});
  settle(5, "v", {good("a"), good("b")});
  EXPECT_EQ(settle(6, "w", {good("a"), refuses("b")}), (Calls{50, 1}));
  EXPECT_EQ(settle(5, "v", {good("a"), good("b")}), (Calls{50, 99})) << "the other's place as well";
}

/// The last call of a run must not be given the place of an endpoint that is out alone.
TEST_F(CoordinatorEndpoints, ThatAreOutHaveNoPartOfAFewCalls) {
  Demand demand;
  demand.calls = 1;
  demand.out = {true, false};
  EXPECT_EQ(share_out({2, 100}, {}, std::vector{demand}, 0).calls.at(0), (Calls{1, 1}));
}

/// The last call of a run was refused at the one endpoint that it was given a place of.
TEST_F(CoordinatorEndpoints, ThatACallWaitsForComeFirst) {
  Demand demand;
  demand.calls = 1;
  EXPECT_EQ(share_out({2, 100, 3}, {}, std::vector{demand}, 0).calls.at(0), (Calls{1, 0, 0}));
  demand.wanted = {0, 0, 1};
  EXPECT_EQ(share_out({2, 100, 3}, {}, std::vector{demand}, 0).calls.at(0), (Calls{0, 0, 1}));
  Demand other;
  other.calls = 200;
  const SharedOut shared = share_out({2, 100, 3}, {}, std::vector{other, demand}, 0);
  EXPECT_EQ(shared.calls.at(1), (Calls{0, 0, 1}));
  EXPECT_EQ(shared.calls.at(0).at(2), 2u);
}

TEST_F(CoordinatorEndpoints, ThatACallWaitsForAreGivenToItsWorker) {
  config_.providers = {{"a", 8}, {"b", 8}, {"c", 8}, {"d", 8}};
  begin({{1}});
  waiting_ = 1;
  settle(5, "v", {});
  ASSERT_EQ(settle(5, "v", {}).at(3), 0u);
  EndpointReport wanted = report("d", EndpointState::untried);
  wanted.wanted = 1;
  EXPECT_EQ(settle(5, "v", {report("a", EndpointState::untried), wanted}).at(3), 1u);
}

TEST_F(CoordinatorEndpoints, OutAtEveryWorkerHaveOneCallForEach) {
  config_.providers = {{"a", 100}, {"b", 100}};
  begin({{2}, {2}});
  for (int i = 0; i < 3; ++i) {
    settle(5, "v", {good("a"), refuses("b")});
    settle(6, "w", {good("a"), refuses("b")});
  }
  EXPECT_EQ(orders_[5].shares[1].calls + orders_[6].shares[1].calls, 2u);
  EXPECT_GE(orders_[5].shares[0].calls, 49u);
}

/// --- priority ---

TEST_F(CoordinatorEndpoints, InReserveGetNoCallsWhileTheOthersAreThere) {
  config_.providers = {{"a", 100}, {"r", 50, Scope::fleet, 1}};
  begin();
  EXPECT_EQ(settle(5, "w", {}), (Calls{8, 0}));
  EXPECT_EQ(settle(5, "w", {good("a")}), (Calls{100, 0}));
  EXPECT_EQ(settle(5, "w", {refuses("a")}), (Calls{1, 8}));
  EXPECT_EQ(settle(5, "w", {refuses("a"), good("r")}), (Calls{1, 50}));
  EXPECT_EQ(settle(5, "w", {refuses("a"), refuses("r")}), (Calls{1, 1}));
  EXPECT_EQ(settle(5, "w", {good("a"), refuses("r")}), (Calls{100, 0}));
  EXPECT_EQ(settle(5, "w", {good("a"), good("r")}), (Calls{100, 0}));
}

TEST_F(CoordinatorEndpoints, InReserveGetACallThatWaitsForThem) {
  config_.providers = {{"a", 100}, {"r", 50, Scope::fleet, 1}};
  begin();
  EndpointReport waited_for = report("r", EndpointState::untried);
  waited_for.wanted = 1;
  EXPECT_EQ(settle(5, "w", {good("a"), waited_for}).at(1), 1u);
  EXPECT_GE(settle(5, "w", {good("a"), waited_for}).at(0), 99u);
}

TEST_F(CoordinatorEndpoints, InReserveGetAsManyCallsAsNeedThem) {
  config_.providers = {{"a", 100}, {"r", 50, Scope::fleet, 1}};
  begin({{2}, {2}});
  EndpointReport needed = good("r");
  for (int i = 0; i < 3; ++i) {
    needed.wanted = 7;
    settle(5, "v", {good("a"), needed});
    needed.wanted = 70;
    settle(6, "w", {good("a"), needed});
  }
  EXPECT_EQ(orders_[5].shares[1].calls, 7u);
  EXPECT_EQ(orders_[6].shares[1].calls, 43u);
}

TEST_F(CoordinatorEndpoints, InReserveServeTheWorkerAtWhichTheOthersAreOut) {
  config_.providers = {{"a", 100}, {"r", 50, Scope::fleet, 1}};
  begin({{2}, {2}});
  for (int i = 0; i < 3; ++i) {
    settle(5, "v", {good("a")});
    settle(6, "w", {refuses("a"), good("r")});
  }
  EXPECT_GE(orders_[5].shares[0].calls, 75u);
  EXPECT_EQ(orders_[5].shares[1].calls, 0u);
  EXPECT_EQ(orders_[6].shares[0].calls, 1u);
  EXPECT_EQ(orders_[6].shares[1].calls, 50u);
}

/// All have an equal part of what the first ones allow, whatever the reserve allows.
TEST_F(CoordinatorEndpoints, InReserveCountForNothingInTheParts) {
  config_.providers = {{"a", 20}, {"r", 500, Scope::fleet, 1}};
  begin({{2}, {2}});
  for (int i = 0; i < 3; ++i) {
    settle(5, "v", {good("a")});
    settle(6, "w", {good("a")});
  }
  EXPECT_EQ(orders_[5].shares[0].calls, 10u);
  EXPECT_EQ(orders_[6].shares[0].calls, 10u);
}

TEST_F(CoordinatorEndpoints, InReserveMayBeOneThatWorkersShareForThoseWithoutAnEngine) {
  config_.providers = {{"own", 30, Scope::worker}, {"a", 100, Scope::fleet, 1}};
  begin({{2}, {2}});
  for (int i = 0; i < 3; ++i) {
    settle(5, "v", {good("own")});
    settle(6, "w", {refuses("own"), good("a")});
  }
  EXPECT_EQ(orders_[5].shares[0].calls, 30u);
  EXPECT_EQ(orders_[5].shares[1].calls, 0u);
  EXPECT_EQ(orders_[6].shares[0].calls, 1u);
  EXPECT_EQ(orders_[6].shares[1].calls, 100u);
}

TEST_F(CoordinatorEndpoints, InReserveMayBeEachWorkersOwn) {
  config_.providers = {{"a", 100}, {"own", 30, Scope::worker, 1}};
  begin();
  EXPECT_EQ(settle(5, "w", {good("a")}), (Calls{100, 0}));
  EXPECT_EQ(settle(5, "w", {refuses("a"), good("own")}), (Calls{1, 30}));
}

/// --- engines on the workers' own machines ---

TEST_F(CoordinatorEndpoints, OnEachWorkersMachineHaveLimitsOfTheirOwn) {
  config_.providers = {{"own", 30, Scope::worker}, {"a", 100}};
  begin({{2}, {2}});
  for (int i = 0; i < 3; ++i) {
    settle(5, "v", {good("own"), good("a")});
    settle(6, "w", {good("a")});  // its own has not answered yet
  }
  EXPECT_EQ(orders_[5].shares[0].calls, 30u);
  EXPECT_EQ(orders_[6].shares[0].calls, 8u);
  EXPECT_EQ(orders_[5].shares[1].calls + orders_[6].shares[1].calls, 100u);
  EXPECT_FALSE(orders_[6].shares[0].answers) << "another one's engine says nothing of it";
}

TEST_F(CoordinatorEndpoints, OnAMachineWithoutOneTakeNoWork) {
  config_.providers = {{"own", 30, Scope::worker}};
  begin({{2}, {2}});
  settle(5, "v", {});
  settle(6, "w", {good("own")});
  ASSERT_EQ(leases(5), 2u) << "it came first";
  EndpointReport gone = report("own", EndpointState::waits, "connection refused");
  gone.out_ms = 4999;
  settle(5, "v", {gone});
  EXPECT_EQ(leases(5), 2u) << "it may come back";
  gone.out_ms = 5000;
  settle(5, "v", {gone});
  EXPECT_EQ(leases(5), 0u);
  settle(6, "w", {good("own")});
  EXPECT_EQ(leases(6), 2u);
  EXPECT_FALSE(why_hopeless(core_->endpoints(), {}));
}

TEST_F(CoordinatorEndpoints, ThatWereOutGetWorkAgainAfterAWhile) {
  begin({{2}, {2}});
  settle(5, "v", {});
  settle(6, "w", {good("a")});
  settle(5, "v", {refuses("a")});
  ASSERT_EQ(leases(5), 0u);
  now_ += kReliefPause - std::chrono::milliseconds(1);
  settle(5, "v", {refuses("a")});
  EXPECT_EQ(leases(5), 0u);
  now_ += std::chrono::milliseconds(1);
  settle(5, "v", {refuses("a")});
  EXPECT_EQ(leases(5), 2u) << "to find out whether it still cannot";
  now_ += kReliefTrial - std::chrono::milliseconds(1);
  settle(5, "v", {refuses("a")});
  EXPECT_EQ(leases(5), 2u);
  now_ += std::chrono::milliseconds(1);
  settle(5, "v", {refuses("a")});
  EXPECT_EQ(leases(5), 0u);
}

TEST_F(CoordinatorEndpoints, AreHopelessWhenNoWorkerIsLeftThatCouldServe) {
  begin({{2}, {2}});
  settle(5, "v", {});
  settle(6, "w", {});
  settle(5, "v", {refuses("a")});
  EXPECT_FALSE(why_hopeless(core_->endpoints(), {})) << "the other has not tried";
  settle(6, "w", {refuses("a")});
  const auto why = why_hopeless(core_->endpoints(), {});
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->message, "endpoint a: HTTP 401: no");
}

}  // namespace
}  // namespace fd
