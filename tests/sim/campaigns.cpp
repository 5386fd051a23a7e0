#include <algorithm>

#include "tests/sim/plan.hpp"
#include "tests/sim/random.hpp"

namespace fd::sim {
namespace {

/// The faults of one world come from here, so that a change to one campaign leaves the others'
/// seeds as they are.
Random faults_of(const Plan& plan) {
  return {plan.seed, "faults"};
}

Time moment(Random& random, const Plan& plan) {
  return random.between(20 * kMillisecond, plan.faults_end);
}

std::uint32_t some_worker(Random& random, const Plan& plan) {
  return 1 + random.below(plan.workers);
}

std::uint32_t boundary(Random& random) {
  return random.chance(600) ? 1 + random.below(12) : 0;
}

void lossy(Random& random, Plan& plan) {
  plan.network.loss_permille = random.below(41);
  plan.network.repeat_permille = random.below(101);
  plan.network.slow_permille = random.below(101);
  plan.network.slow_max = random.between(20 * kMillisecond, 900 * kMillisecond);
}

/// One cut for each of some workers.
void cut(Random& random, Plan& plan, Time shortest, Time longest) {
  for (std::uint32_t worker = 1; worker <= plan.workers; ++worker) {
    if (random.chance(600)) {
      Partition partition;
      partition.worker = worker;
      partition.from = moment(random, plan);
      partition.to = partition.from + random.between(shortest, longest);
      const std::uint32_t kind = random.below(4);
      partition.up = kind != 0;
      partition.down = kind != 1;
      partition.hold = random.chance(400);
      plan.network.partitions.push_back(partition);
    }
  }
}

void coordinator_crashes(Random& random, Plan& plan, Time longest) {
  const std::uint32_t count = 1 + random.below(3);
  for (std::uint32_t i = 0; i < count; ++i) {
    plan.crashes.push_back({0, moment(random, plan), boundary(random),
                            random.between(20 * kMillisecond, longest), false});
  }
}

void worker_crashes(Random& random, Plan& plan) {
  const std::uint32_t count = 1 + random.below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Time back = random.chance(700) ? random.between(50 * kMillisecond, 1 * kSecond)
                                         : random.between(1 * kSecond, 6 * kSecond);
    plan.crashes.push_back({some_worker(random, plan), moment(random, plan), boundary(random), back,
                            random.chance(500)});
  }
}

void pauses(Random& random, Plan& plan, std::uint32_t who, Time longest) {
  plan.pauses.push_back({who, moment(random, plan), random.between(100 * kMillisecond, longest)});
}

void teacher_faults(Random& random, Plan& plan) {
  plan.teacher.retry_permille = random.below(301);
  plan.teacher.refuse_permille = random.below(151);
  plan.teacher.hang_permille = random.below(51);
}

void power_cut(Random& random, Plan& plan) {
  const Time at = moment(random, plan);
  for (std::uint32_t who = 0; who <= plan.workers; ++who) {
    plan.crashes.push_back({who, at, 0, random.between(100 * kMillisecond, 2 * kSecond), false});
  }
}

// --- the campaigns ------------------------------------------------------------------------------

void fill_network(Plan& plan) {
  Random random = faults_of(plan);
  lossy(random, plan);
  cut(random, plan, 50 * kMillisecond, 1000 * kMillisecond);
  plan.zero_slack = true;
}

void fill_coordinator(Plan& plan) {
  Random random = faults_of(plan);
  if (random.chance(700)) {
    lossy(random, plan);
  }
  coordinator_crashes(random, plan, random.chance(700) ? 1 * kSecond : 6 * kSecond);
  plan.zero_slack = true;
}

void fill_workers(Plan& plan) {
  Random random = faults_of(plan);
  worker_crashes(random, plan);
}

void fill_pauses(Plan& plan) {
  Random random = faults_of(plan);
  plan.zero_slack = random.chance(500);
  const std::uint32_t count = 1 + random.below(3);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (random.chance(400)) {
      pauses(random, plan, 0, 4 * kTtl);  // whatever its length: it could hear nobody
    } else if (plan.zero_slack) {
      plan.pauses.push_back({1 + i % plan.workers, moment(random, plan),
                             random.between(100 * kMillisecond, 1500 * kMillisecond)});
    } else {
      pauses(random, plan, some_worker(random, plan), 3 * kTtl);
    }
  }
}

void fill_disk(Plan& plan) {
  Random random = faults_of(plan);
  const std::uint32_t kind = random.below(7) + 1;
  if ((kind & 1u) != 0) {
    plan.disk.sync_fails_permille = 5 + random.below(60);
  }
  if ((kind & 2u) != 0) {
    plan.disk.commit_fails_permille = 2 + random.below(20);
  }
  if ((kind & 4u) != 0) {
    power_cut(random, plan);
  }
  if (random.chance(300)) {
    plan.disk.sync_max = plan.disk.commit_max = 200 * kMillisecond;
  }
}

void fill_teacher(Plan& plan) {
  Random random = faults_of(plan);
  teacher_faults(random, plan);
}

void fill_clocks(Plan& plan) {
  Random random = faults_of(plan);
  const bool drift = random.chance(500);
  for (ClockPlan& clock : plan.clocks) {
    clock.offset = random.between(0, 1'000'000) * kSecond;
    clock.drift_ppm = drift ? static_cast<std::int32_t>(random.between(-30'000, 30'000)) : 0;
  }
  plan.zero_slack = true;
}

void fill_losses(Plan& plan) {
  Random random = faults_of(plan);
  plan.workers = std::max<std::uint32_t>(plan.workers, 2);
  plan.clocks.resize(plan.workers + 1);
  const std::uint32_t survivor = some_worker(random, plan);
  for (std::uint32_t worker = 1; worker <= plan.workers; ++worker) {
    if (worker != survivor && random.chance(800)) {
      plan.crashes.push_back(
          {worker, moment(random, plan), boundary(random), std::nullopt, random.chance(300)});
    }
  }
}

void fill_recovery(Plan& plan) {
  Random random = faults_of(plan);
  Time at = moment(random, plan);
  const bool all = random.chance(500);
  const std::uint32_t who = all ? 0 : random.below(plan.workers + 1);
  const std::uint32_t depth = 2 + random.below(4);
  for (std::uint32_t i = 0; i < depth; ++i) {
    const Time back = random.between(20 * kMillisecond, 200 * kMillisecond);
    for (std::uint32_t victim = 0; victim <= plan.workers; ++victim) {
      if (victim == who || all) {
        plan.crashes.push_back({victim, at, i == 0 ? 0 : random.below(8), back, false});
      }
    }
    at += back + random.between(1, 120 * kMillisecond);
  }
}

void fill_poison(Plan& plan) {
  Random random = faults_of(plan);
  const std::uint32_t shard = random.below(static_cast<std::uint32_t>(plan.shards.size()));
  plan.poison.push_back({shard, random.below(plan.shards[shard])});
}

void fill_local(Plan& plan) {
  Random random = faults_of(plan);
  plan.local_workers = true;
  coordinator_crashes(random, plan, 1 * kSecond);
}

void fill_stops(Plan& plan) {
  Random random = faults_of(plan);
  const std::uint32_t count = 1 + random.below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    plan.stops.push_back({random.below(plan.workers + 1), moment(random, plan),
                          random.between(50 * kMillisecond, 2 * kSecond)});
  }
  plan.zero_slack = true;
}

void fill_long_cuts(Plan& plan) {
  Random random = faults_of(plan);
  lossy(random, plan);
  plan.network.slow_permille = 100 + random.below(300);
  plan.network.slow_max = 1500 * kMillisecond;
  if (random.chance(500)) {
    cut(random, plan, kTtl / 2, 5 * kTtl / 2);
  } else {  // a worker that hears nothing from early on, until about when it loses its leases
    const Time from = random.between(10 * kMillisecond, 300 * kMillisecond);
    const Time hears = 2 * kTtl + random.between(-kHeartbeat, kHeartbeat / 2);
    const std::uint32_t worker = some_worker(random, plan);
    plan.network.partitions.push_back({worker, from, hears, false, true, false});
    if (random.chance(500)) {  // and that cannot say so when it hears again
      const Time silent = hears + random.between(0, 2 * kHeartbeat);
      plan.network.partitions.push_back({worker, silent, silent + kTtl, true, false, false});
    }
    plan.teacher.latency_min = plan.teacher.latency_max;
  }
  // Much to do and few slots, so that calls wait when a lease ends.
  plan.slots = plan.workers;
  for (std::uint32_t& count : plan.shards) {
    count += 8;
  }
}

void fill_config_changes(Plan& plan) {
  Random random = faults_of(plan);
  plan.config_changes = true;
  if (random.chance(500)) {
    lossy(random, plan);
  }
  coordinator_crashes(random, plan, random.chance(700) ? 1 * kSecond : 6 * kSecond);
  if (random.chance(300)) {
    worker_crashes(random, plan);
  }
}

void fill_replacements(Plan& plan) {
  Random random = faults_of(plan);
  if (random.chance(500)) {
    lossy(random, plan);
  }
  const std::uint32_t count = 1 + random.below(2);
  for (std::uint32_t i = 0; i < count; ++i) {
    Replacement replacement;
    replacement.at = moment(random, plan);
    replacement.restart_after = random.between(20 * kMillisecond, 6 * kSecond);
    if (random.chance(500)) {
      replacement.copied_at = random.between(0, replacement.at);
    }
    plan.replacements.push_back(replacement);
  }
  if (random.chance(300)) {
    worker_crashes(random, plan);
  }
}

void fill_twins(Plan& plan) {
  Random random = faults_of(plan);
  if (random.chance(500)) {
    lossy(random, plan);
  }
  const std::uint32_t count = 1 + random.below(2);
  for (std::uint32_t i = 0; i < count; ++i) {
    plan.ghosts.push_back({some_worker(random, plan), moment(random, plan)});
  }
  if (random.chance(300)) {
    coordinator_crashes(random, plan, 1 * kSecond);
  }
  if (random.chance(300)) {
    worker_crashes(random, plan);
  }
}

/// Ways between workers that are cut, and workers that take their time.
void peer_faults(Random& random, Plan& plan) {
  const std::uint32_t cuts = random.below(4);
  for (std::uint32_t i = 0; i < cuts; ++i) {
    PeerCut cut;
    cut.asker = some_worker(random, plan);
    cut.server = some_worker(random, plan);
    cut.from = moment(random, plan);
    cut.to = cut.from + random.between(50 * kMillisecond, 3 * kSecond);
    const std::uint32_t kind = random.below(4);
    cut.requests = kind != 0;
    cut.replies = kind != 1;
    cut.hold = random.chance(400);
    plan.peer_cuts.push_back(cut);
  }
  plan.peer_slow_permille = random.chance(500) ? random.below(500) : 0;
  plan.peer_slow_max = random.between(200 * kMillisecond, 3 * kSecond);
}

void fill_peers(Plan& plan) {
  Random random = faults_of(plan);
  plan.peers = true;
  if (random.chance(700)) {
    lossy(random, plan);
  }
  peer_faults(random, plan);
  if (random.chance(500)) {
    worker_crashes(random, plan);
  }
  if (random.chance(300)) {
    plan.stops.push_back({some_worker(random, plan), moment(random, plan), 1 * kSecond});
  }
  if (random.chance(200)) {
    pauses(random, plan, some_worker(random, plan), 3 * kTtl);
  }
  plan.config_changes = random.chance(350);
  if (plan.config_changes) {
    coordinator_crashes(random, plan, 200 * kMillisecond);
  }
}

void fill_all(Plan& plan) {
  Random random = faults_of(plan);
  plan.local_workers = random.chance(200);
  if (random.chance(700)) {
    lossy(random, plan);
  }
  if (random.chance(400)) {
    cut(random, plan, 50 * kMillisecond, 3 * kTtl);
  }
  if (random.chance(500)) {
    coordinator_crashes(random, plan, 6 * kSecond);
  }
  if (random.chance(500)) {
    worker_crashes(random, plan);
  }
  if (random.chance(300)) {
    pauses(random, plan, random.below(plan.workers + 1), 3 * kTtl);
  }
  if (random.chance(250)) {
    plan.disk.sync_fails_permille = random.below(30);
    plan.disk.commit_fails_permille = random.below(10);
  }
  if (random.chance(300)) {
    teacher_faults(random, plan);
  }
  if (random.chance(300)) {
    for (ClockPlan& clock : plan.clocks) {
      clock.drift_ppm = static_cast<std::int32_t>(random.between(-30'000, 30'000));
    }
  }
  if (random.chance(200) && !plan.local_workers) {
    plan.ghosts.push_back({some_worker(random, plan), moment(random, plan)});
  }
  if (random.chance(200)) {
    plan.stops.push_back({random.below(plan.workers + 1), moment(random, plan), 1 * kSecond});
  }
  plan.config_changes = random.chance(200);
  peer_faults(random, plan);
}

}  // namespace

const std::vector<Campaign>& campaigns() {
  static const std::vector<Campaign> all = {
      {"C1", "all faults, a random subset of them per seed", fill_all},
      {"C2", "network: loss, repeats, delay, order, cuts shorter than the lease; no call repeated",
       fill_network},
      {"C3", "coordinator crashes and a lossy network, workers live on; no call repeated",
       fill_coordinator},
      {"C4", "worker crashes", fill_workers},
      {"C5", "pauses: of a worker shorter than the lease or longer, of the coordinator any",
       fill_pauses},
      {"C6", "disks: failed syncs and commits, slow disks, power cuts", fill_disk},
      {"C7", "teacher: retries, refusals for good, time-outs; then mended and resumed",
       fill_teacher},
      {"C8", "clocks: offsets (the very same trace) and drift; no call repeated", fill_clocks},
      {"C9", "up to all workers but one are lost for good", fill_losses},
      {"C10", "crashes during the recovery from crashes, up to five deep", fill_recovery},
      {"C11", "a sample that kills every worker that works on it", fill_poison},
      {"C12", "local workers end with their coordinator, which reads their journals", fill_local},
      {"C13", "processes are asked to end (SIGTERM) and started again; no call repeated",
       fill_stops},
      {"C14", "cuts around and beyond the lease, slow messages; nothing is begun too late",
       fill_long_cuts},
      {"C15", "coordinator crashes, and each start has another config (resume --set)",
       fill_config_changes},
      {"C16", "run directories are deleted or put back from a copy while workers live on",
       fill_replacements},
      {"C17", "two processes of one worker's name", fill_twins},
      {"C18", "workers serve stages to one another: cut off, slow, killed, stopped, replaced",
       fill_peers},
  };
  return all;
}

const Campaign* find_campaign(std::string_view name) {
  const auto& all = campaigns();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Campaign& campaign) { return campaign.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace fd::sim
