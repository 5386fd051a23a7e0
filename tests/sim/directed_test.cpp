// Single cases of the fault catalogue, each under its id.

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "tests/sim/mutants.hpp"
#include "tests/sim/world.hpp"

namespace fd::sim {
namespace {

constexpr std::array kKinds = {MessageKind::worker_state, MessageKind::order,
                               MessageKind::run_spec,     MessageKind::fetch,
                               MessageKind::samples,      MessageKind::deliver,
                               MessageKind::ack,          MessageKind::flush_marker};
constexpr std::uint64_t kSeeds = 10;

/// Two workers that share eight samples with two calls each.
Plan small_world(std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  plan.workers = 2;
  plan.shards = {3, 3, 2};
  plan.candidates = 2;
  plan.slots = 4;
  plan.prefetch = 2;
  plan.clocks.resize(3);
  plan.faults_end = 6 * kSecond;
  return plan;
}

Verdict run(const Plan& plan) {
  return World(plan, false).run();
}

std::string number_of(MessageKind kind) {
  return std::to_string(static_cast<int>(kind));
}

/// A tenth of all messages is lost, a twentieth comes twice, and delays put them out of order.
TEST(SimDirected, B01LossRepeatsAndDisorderCostNoCall) {
  for (std::uint64_t seed = 1; seed <= 20 * kSeeds; ++seed) {
    Plan plan = small_world(seed);
    plan.network.loss_permille = 100;
    plan.network.repeat_permille = 50;
    plan.network.delay_max = 300 * kMillisecond;
    plan.zero_slack = true;
    const Verdict verdict = run(plan);
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
    ASSERT_EQ(verdict.requests, 16u) << "seed " << seed;
  }
}

/// Fences that began anew with a coordinator would make an earlier one's messages count again. The
/// world checks that no fence is given twice, over five lives of a coordinator.
TEST(SimDirected, D06FencesRiseOverRestartsOfTheCoordinator) {
  for (std::uint64_t seed = 1; seed <= 5 * kSeeds; ++seed) {
    Plan plan = small_world(seed);
    for (Time at = 500 * kMillisecond; at <= 4 * kSecond; at += 700 * kMillisecond) {
      plan.crashes.push_back({0, at, 0, 200 * kMillisecond, false});
    }
    const Verdict verdict = run(plan);
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
  }
  const auto kill = hunt({"fence_not_persisted", "leases are not in the ledger", "C2"}, 10);
  EXPECT_TRUE(kill.has_value());
}

TEST(SimDirected, D11AShardThatCountsMessagesInsteadOfSamplesIsNoticed) {
  const auto kill =
      hunt({"done_by_count", "done when as many outcomes came as it has samples", "C3"}, 100);
  EXPECT_TRUE(kill.has_value());
}

TEST(SimDirected, D01EveryMessageTwiceOrAHundredTimesChangesNothing) {
  for (const MessageKind kind : kKinds) {
    for (const std::uint32_t copies : {2u, 100u}) {
      for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Plan plan = small_world(seed);
        plan.network.copies[kind] = copies;
        plan.zero_slack = true;
        const Verdict verdict = run(plan);
        ASSERT_FALSE(verdict.failure) << "kind " << number_of(kind) << " x " << copies << " seed "
                                      << seed << ": " << *verdict.failure;
        ASSERT_EQ(verdict.requests, 16u);
      }
    }
  }
}

TEST(SimDirected, D02EveryPairOfMessagesSwappedChangesNothing) {
  for (const MessageKind early : kKinds) {
    for (const MessageKind late : kKinds) {
      for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Plan plan = small_world(seed);
        plan.network.swapped = {early, late};
        // Kinds that wait for one another, or of which one comes only once, hold a message back for
        // good: it is lost, which is as harmless.
        plan.faults_end = 3 * kSecond;
        plan.zero_slack = true;
        const Verdict verdict = run(plan);
        ASSERT_FALSE(verdict.failure) << number_of(early) << " behind " << number_of(late)
                                      << " seed " << seed << ": " << *verdict.failure;
        ASSERT_EQ(verdict.requests, 16u);
      }
    }
  }
}

/// A worker sleeps beyond its lease with answers under way; another one has the samples asked again
/// and gets other answers. Whatever is recorded first stays, and the outcome follows from it.
TEST(SimDirected, D04ALateAnswerThatDiffersNeverReplacesTheRecordedOne) {
  std::uint64_t repeated = 0;
  for (std::uint64_t seed = 1; seed <= 20 * kSeeds; ++seed) {
    Plan plan = small_world(seed);
    plan.teacher.deterministic = false;
    plan.pauses.push_back({1 + static_cast<std::uint32_t>(seed % 2), 400 * kMillisecond, 2 * kTtl});
    plan.faults_end = 3 * kTtl;
    const Verdict verdict = run(plan);
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
    repeated += verdict.extra;
  }
  EXPECT_GT(repeated, 20u);  // it did come to two answers
}

/// Answers are committed, no acknowledgement arrives, their worker dies for good, and its shards go
/// to the other one: nothing that was committed is asked again (the world checks each request).
TEST(SimDirected, D05WhatWasCommittedButNotAcknowledgedIsNotAskedAgain) {
  for (std::uint64_t seed = 1; seed <= 5 * kSeeds; ++seed) {
    Plan plan = small_world(seed);
    plan.network.dropped.insert(MessageKind::ack);
    plan.crashes.push_back({1, 1 * kSecond, 0, std::nullopt, seed % 2 == 0});
    plan.faults_end = 2 * kSecond;
    const Verdict verdict = run(plan);
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
    // At most what the dead worker had in flight, all slots while the other held nothing, or had
    // not handed over yet.
    ASSERT_LE(verdict.extra, 2 * plan.slots) << "seed " << seed;
  }
}

/// Orders come in pairs of which the second overtakes the first: a lease that the later one no
/// longer names is not taken up from the earlier one.
TEST(SimDirected, D07AnOrderThatWasOvertakenStartsNothing) {
  for (std::uint64_t seed = 1; seed <= 5 * kSeeds; ++seed) {
    Plan plan = small_world(seed);
    plan.network.swapped = {MessageKind::order, MessageKind::order};
    plan.stops.push_back({1, 500 * kMillisecond, 1 * kSecond});
    plan.zero_slack = true;
    const Verdict verdict = run(plan);
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
  }
}

/// A worker dies for good, and its states come again and again: they renew nothing, so the other
/// worker has its shards a lease and a second later.
TEST(SimDirected, D08StatesOfADeadProcessRenewNoLease) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Plan plan = small_world(seed);
    plan.crashes.push_back({1, 1 * kSecond, 0, std::nullopt, false});
    for (Time at = 1100 * kMillisecond; at < 20 * kSecond; at += 200 * kMillisecond) {
      plan.network.replays.push_back(at);
    }
    plan.faults_end = 2 * kSecond;
    const Verdict verdict = run(plan);
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
    const Time work = 8 * (plan.teacher.latency_max + 100 * kMillisecond);
    EXPECT_LE(verdict.finished_at, 1 * kSecond + kTtl + 1 * kSecond + work) << "seed " << seed;
  }
}

/// The same when the process was started again under its name.
TEST(SimDirected, D08StatesOfAnEarlierProcessAreIgnored) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Plan plan = small_world(seed);
    plan.crashes.push_back({1, 1 * kSecond, 0, 300 * kMillisecond, seed % 2 == 0});
    for (Time at = 1400 * kMillisecond; at < 4 * kSecond; at += 50 * kMillisecond) {
      plan.network.replays.push_back(at);
    }
    plan.faults_end = 2 * kSecond;
    const Verdict verdict = run(plan);
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
  }
}

}  // namespace
}  // namespace fd::sim
