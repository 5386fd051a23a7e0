#include "tests/sim/plan.hpp"

#include <algorithm>

#include "tests/sim/dataset.hpp"
#include "tests/sim/random.hpp"

namespace fd::sim {
namespace {

/// Sizes and clocks of a world, before anything goes wrong.
Plan quiet_world(std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  Random random(seed, "sizes");
  plan.workers = 2 + random.below(3);
  const std::uint32_t shards = 2 + random.below(3);
  for (std::uint32_t i = 0; i < shards; ++i) {
    plan.shards.push_back(1 + random.below(5));
  }
  plan.candidates = random.chance(700) ? 1 : 2 + random.below(2);
  plan.slots = plan.workers * (1 + random.below(3));
  plan.prefetch = random.chance(850) ? random.below(6) : 64;
  plan.writing_max = 1 + Random(seed, "writing").below(4);
  Random calls(seed, "calls");
  plan.other_roles = calls.chance(150);
  plan.purchases = calls.chance(250);
  plan.in_pieces = calls.chance(200);
  Random databases(seed, "databases");
  plan.databases = databases.chance(300) ? 1 + databases.below(3) : 0;
  plan.database_room = kDatabaseBytes * (1 + databases.below(3));
  plan.teacher.deterministic = random.chance(650);
  plan.clocks.resize(plan.workers + 1);
  for (ClockPlan& clock : plan.clocks) {
    clock.offset = random.between(0, 1000) * kSecond;
  }
  plan.faults_end = random.between(1 * kSecond, 5 * kSecond);
  return plan;
}

/// The faults end when the last of them does.
void stretch(Plan& plan) {
  for (const Partition& partition : plan.network.partitions) {
    plan.faults_end = std::max(plan.faults_end, partition.to);
  }
  for (const Pause& pause : plan.pauses) {
    plan.faults_end = std::max(plan.faults_end, pause.at + pause.length);
  }
  for (const Replacement& replacement : plan.replacements) {
    plan.faults_end = std::max(plan.faults_end, replacement.at + replacement.restart_after);
  }
  for (const Crash& crash : plan.crashes) {
    plan.faults_end = std::max(plan.faults_end, crash.at + crash.restart_after.value_or(0));
  }
}

}  // namespace

Plan plan_for(const Campaign& campaign, std::uint64_t seed) {
  Plan plan = quiet_world(seed);
  campaign.fill(plan);
  stretch(plan);
  return plan;
}

Plan without_faults(const Plan& plan) {
  Plan quiet = quiet_world(plan.seed);
  quiet.workers = 1;
  quiet.clocks.resize(2);
  quiet.shards = plan.shards;
  quiet.candidates = plan.candidates;
  quiet.other_roles = plan.other_roles;
  quiet.databases = plan.databases;
  quiet.database_room = plan.database_room;
  quiet.teacher.deterministic = true;
  quiet.faults_end = 0;
  quiet.zero_slack = true;
  return quiet;
}

}  // namespace fd::sim
