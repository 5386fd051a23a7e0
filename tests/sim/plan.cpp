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
  plan.gold_first = Random(seed, "golds").chance(300);
  Random databases(seed, "databases");
  plan.databases = databases.chance(300) ? 1 + databases.below(3) : 0;
  plan.database_room = kDatabaseBytes * (1 + databases.below(3));
  const bool slow = databases.chance(200);
  plan.database_read_max = slow ? databases.between(1, 4) * kSecond : 10 * kMillisecond;
  plan.database_disk_max = databases.chance(200) ? 1 * kSecond : 2 * kMillisecond;
  plan.teacher.deterministic = random.chance(650);
  plan.clocks.resize(plan.workers + 1);
  for (ClockPlan& clock : plan.clocks) {
    clock.offset = random.between(0, 1000) * kSecond;
  }
  plan.faults_end = random.between(1 * kSecond, 5 * kSecond);
  return plan;
}

/// Returns whether a worker is killed and never started again.
bool lost_for_good(const Plan& plan, std::uint32_t worker) {
  return std::ranges::any_of(plan.crashes, [&](const Crash& crash) {
    return crash.who == worker && !crash.restart_after;
  });
}

/// Some stages that peers serve, at least one.
std::vector<StageId> some_stages(Random& random) {
  std::vector<StageId> stages;
  for (const StageId stage : peer_stages()) {
    if (random.chance(500)) {
      stages.push_back(stage);
    }
  }
  return stages.empty() ? std::vector{StageId::exec} : stages;
}

/// In a share of the worlds workers serve stages to one another. One that is not lost for good
/// serves all of them, and asks teachers unless another one of those does.
void arrange_peers(Plan& plan) {
  Random random(plan.seed, "peers");
  if (!random.chance(250) && !plan.peers) {
    return;
  }
  if (plan.local_workers) {
    return;  // those serve nobody
  }
  std::vector<std::uint32_t> lasting;
  for (std::uint32_t worker = 1; worker <= plan.workers; ++worker) {
    if (!lost_for_good(plan, worker)) {
      lasting.push_back(worker);
    }
  }
  plan.roles.resize(plan.workers);
  for (WorkerRole& role : plan.roles) {
    const std::uint32_t kind = random.below(10);
    if (kind < 4) {  // asks teachers, and needs others
      role.stages = {StageId::teacher, StageId::select};
      if (random.chance(500)) {
        const std::vector<StageId> own = some_stages(random);
        role.stages.insert(role.stages.begin() + 1, own.begin(), own.end());
      }
    } else if (kind < 7) {  // works for others alone
      role.stages = random.chance(500) ? peer_stages() : some_stages(random);
    }
    role.serves_peers = kind >= 4 || random.chance(300);
  }
  const std::uint32_t first = random.below(static_cast<std::uint32_t>(lasting.size()));
  WorkerRole& complete = plan.roles.at(lasting[first] - 1);
  complete = {all_stages(), true};
  if (lasting.size() > 1 && random.chance(600)) {
    complete.stages = peer_stages();
    plan.roles.at(lasting[(first + 1) % lasting.size()] - 1).stages = {StageId::teacher,
                                                                       StageId::select};
  }
  plan.peer_ports_change = !plan.ghosts.empty() || random.chance(500);
  plan.peer_lanes = 1 + random.below(2);
}

/// The faults end when the last of them does.
void stretch(Plan& plan) {
  for (const Partition& partition : plan.network.partitions) {
    plan.faults_end = std::max(plan.faults_end, partition.to);
  }
  for (const PeerCut& cut : plan.peer_cuts) {
    plan.faults_end = std::max(plan.faults_end, cut.to);
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
  arrange_peers(plan);
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
