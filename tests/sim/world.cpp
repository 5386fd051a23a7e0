#include "tests/sim/world.hpp"

#include <algorithm>
#include <utility>

namespace fd::sim {
namespace {

constexpr std::uint64_t kEventsMax = 400'000;  ///< of one world: more is a loop
constexpr Time kLinger = 50 * kMillisecond;    ///< how long a coordinator's last frames take
constexpr Time kRestartDefault = 300 * kMillisecond;
constexpr std::uint32_t kResumesMax = 4;

}  // namespace

World::World(Plan plan, bool print)
    : plan_(std::move(plan)),
      data_(plan_),
      trace_(print),
      contacts_(plan_.workers),
      network_(plan_, schedule_, trace_, contacts_),
      peers_(plan_, schedule_, trace_),
      ledger_(plan_, data_, schedule_, trace_, oracle_),
      teacher_(plan_, data_, ledger_, schedule_, trace_, oracle_),
      provider_calls_(plan_, oracle_),
      files_(data_.shard_count()),
      services_{plan_,     data_,   schedule_, trace_,          oracle_, network_,   peers_,
                contacts_, ledger_, teacher_,  provider_calls_, files_,  deliveries_},
      random_(plan_.seed, "world") {
  for (std::uint32_t number = 1; number <= plan_.workers; ++number) {
    machines_.push_back(
        {std::make_unique<WorkerDisk>(plan_, number, schedule_, trace_, oracle_), nullptr, false});
  }
}

World::~World() {
  for (const auto& process : processes_) {
    process->kill();  // its end has no effect on the disks, which end before it
  }
}

Verdict World::run() {
  arrange();
  const Time limit = deadline();
  while (!finished_ && !oracle_.failure()) {
    if (schedule_.empty() || schedule_.now() > limit || schedule_.done() > kEventsMax) {
      oracle_.fail(schedule_.now(), "the run does not end: " + std::to_string(schedule_.done()) +
                                        " events, " + std::to_string(limit / kMillisecond) +
                                        " ms allowed");
      break;
    }
    schedule_.step();
  }
  if (!oracle_.failure()) {
    check_end();
    check_bill();
  }
  Verdict verdict;
  verdict.failure = oracle_.failure();
  verdict.trace = trace_.hash();
  verdict.requests = teacher_.requests();
  verdict.extra = teacher_.extra();
  verdict.events = schedule_.done();
  verdict.finished_at = schedule_.now();
  verdict.peers = peers_.tally();
  return verdict;
}

/// Within a lease, the back-offs and the remaining work (one call at a time) of the end of all
/// faults, and of every start that is needed again.
Time World::deadline() const {
  Time calls = 0;
  for (const std::uint32_t count : plan_.shards) {
    calls += static_cast<Time>(count) * plan_.candidates;
  }
  calls += plan_.other_roles ? 3 * calls : 0;
  calls *= plan_.purchases ? 2 : 1;
  const Time work = calls * (plan_.teacher.latency_max + 200 * kMillisecond);
  const Time poison = static_cast<Time>(plan_.poison.size()) * 8 * (kTtl + 2 * kSecond);
  // A worker may fetch a database anew for each sample.
  std::uint32_t fetches = 0;
  for (const std::uint32_t count : plan_.shards) {
    fetches += plan_.databases > 0 ? count : 0;
  }
  const Time pieces = static_cast<Time>(1 + kDatabaseBytes / kPieceBytes);
  const Time databases = fetches * pieces * (plan_.database_read_max + 2 * plan_.database_disk_max);
  // A call that nobody answers is tried between the probes of an endpoint that is out for it, and
  // so once more where another worker gets its shard.
  const Time probes = 30 * kSecond;
  return plan_.faults_end + 4 * kTtl + 10 * kSecond + work + poison + databases + probes;
}

void World::arrange() {
  start_coordinator();
  for (std::uint32_t number = 1; !plan_.local_workers && number <= plan_.workers; ++number) {
    schedule_.after(random_.between(0, 200 * kMillisecond),
                    [this, number] { start_worker(number); });
  }
  for (const Crash& one : plan_.crashes) {
    schedule_.after(one.at, [this, one] { crash(one); });
  }
  for (const Pause& pause : plan_.pauses) {
    schedule_.after(pause.at, [this, pause] {
      if (Process* stopped = process(pause.who)) {
        trace_.note(schedule_.now(), "paused", pause.who);
        stopped->pause();
        schedule_.after(pause.length, [this, stopped, who = pause.who] { resume(*stopped, who); });
      }
    });
  }
  for (const Stop& one : plan_.stops) {
    schedule_.after(one.at, [this, one] { stop(one); });
  }
  copies_.resize(plan_.replacements.size());
  for (std::size_t i = 0; i < plan_.replacements.size(); ++i) {
    const Replacement& replacement = plan_.replacements[i];
    if (replacement.copied_at) {
      schedule_.after(*replacement.copied_at, [this, i] {
        copies_[i] = Copy{ledger_.content(), files_};
      });
    }
    schedule_.after(replacement.at, [this, i] { replace_directory(i); });
  }
  for (const Ghost& ghost : plan_.ghosts) {
    schedule_.after(ghost.at, [this, ghost] { start_ghost(ghost.who); });
  }
  schedule_.after(plan_.faults_end, [this] { heal(); });
}

void World::resume(Process& stopped, std::uint32_t who) {
  trace_.note(schedule_.now(), "resumed", who);
  const std::optional<Time> since = stopped.stopped_since();
  if (&stopped == coordinator_ && since && schedule_.now() - *since > kPauseMin.count()) {
    contacts_.coordinator_slept(schedule_.now() - *since, schedule_.now());
  }
  stopped.resume();
}

/// The liveness phase: whoever is down comes back, unless it is lost for good.
void World::heal() {
  healed_ = true;
  network_.heal();
  peers_.heal();
  trace_.note(schedule_.now(), "healed", 0);
  if (coordinator_ == nullptr && !finished_) {
    start_coordinator();
  }
  for (std::uint32_t number = 1; number <= plan_.workers; ++number) {
    Machine& machine = machines_[number - 1];
    if (machine.process == nullptr && !machine.for_good) {
      start_worker(number);
    }
  }
}

Process* World::process(std::uint32_t who) const {
  return who == 0 ? static_cast<Process*>(coordinator_) : machines_.at(who - 1).process;
}

// --- starts -------------------------------------------------------------------------------------

void World::start_coordinator() {
  if (coordinator_ != nullptr || finished_) {
    return;
  }
  if (plan_.local_workers) {
    read_local_journals();
  }
  auto made = std::make_unique<CoordinatorProcess>(
      services_, [this](CoordinatorProcess::End how) { coordinator_ended(how); });
  coordinator_ = made.get();
  processes_.push_back(std::move(made));
  coordinator_->start();
  for (std::uint32_t number = 1; plan_.local_workers && number <= plan_.workers; ++number) {
    schedule_.after(random_.between(0, 100 * kMillisecond),
                    [this, number] { start_worker(number); });
  }
}

void World::start_worker(std::uint32_t number) {
  Machine& machine = machines_.at(number - 1);
  if (machine.process != nullptr || (plan_.local_workers && coordinator_ == nullptr)) {
    return;
  }
  // Rises with time, whatever the machine.
  const std::uint64_t incarnation = (++incarnations_ << 24) + random_.below(16);
  auto made = std::make_unique<WorkerProcess>(
      services_, *machine.disk, number, incarnation,
      [this, number](WorkerProcess& worker, WorkerProcess::End how) {
        worker_ended(worker, number, how);
      });
  machine.process = made.get();
  contacts_.worker_started(number, schedule_.now());
  processes_.push_back(std::move(made));
  machine.process->start();
}

/// A second process comes with a worker's name and a disk of its own, while the first one lives on.
void World::start_ghost(std::uint32_t number) {
  Machine& machine = machines_.at(number - 1);
  if (machine.process == nullptr) {
    return;
  }
  trace_.note(schedule_.now(), "ghost", number);
  ghost_disks_.push_back(std::move(machine.disk));
  machine.disk = std::make_unique<WorkerDisk>(plan_, number, schedule_, trace_, oracle_);
  machine.process = nullptr;
  start_worker(number);
}

// --- ends ---------------------------------------------------------------------------------------

void World::crash(const Crash& crash) {
  Process* victim = process(crash.who);
  if (victim == nullptr) {
    return;
  }
  if (crash.boundary == 0) {
    kill(crash);
  } else {
    victim->kill_at_boundary(crash.boundary, [this, crash] { kill(crash); });
  }
}

void World::kill(const Crash& crash) {
  if (crash.who == 0) {
    kill_coordinator(crash);
  } else {
    machines_.at(crash.who - 1).for_good = !crash.restart_after;
    kill_worker(crash.who, crash.restart_after, crash.told);
  }
}

void World::kill_coordinator(const Crash& crash) {
  if (coordinator_ == nullptr) {
    return;
  }
  trace_.note(schedule_.now(), "killed", 0);
  coordinator_->kill();
  coordinator_ = nullptr;
  network_.coordinator(nullptr);
  ledger_.crash();
  end_local_workers();
  schedule_.after(crash.restart_after.value_or(kRestartDefault), [this] { start_coordinator(); });
}

/// The coordinator dies, and its run directory is deleted, or put back from a copy.
void World::replace_directory(std::size_t number) {
  if (finished_) {
    return;
  }
  trace_.note(schedule_.now(), "directory_replaced", 0);
  kill_coordinator({0, 0, 0, plan_.replacements[number].restart_after, false});
  const std::optional<Copy>& copy = copies_[number];
  provider_calls_.forget();
  ledger_.replace(copy ? copy->ledger : ledger_.empty());
  files_ = copy ? copy->files : RunFiles(data_.shard_count());
}

void World::kill_worker(std::uint32_t number, std::optional<Time> restart_after, bool told) {
  Machine& machine = machines_.at(number - 1);
  if (machine.process == nullptr) {
    return;
  }
  trace_.note(schedule_.now(), "killed", number);
  died_ = true;
  peers_.died(machine.process->serving());
  machine.process->kill();
  machine.disk->crash();
  teacher_.died(machine.process->incarnation());
  provider_calls_.died(machine.process->incarnation());
  machine.process = nullptr;
  if (told && coordinator_ != nullptr) {
    if (!restart_after) {
      contacts_.freed(number, schedule_.now());
    }
    coordinator_->worker_ended("w" + std::to_string(number), restart_after.has_value());
  }
  if (restart_after) {
    schedule_.after(*restart_after, [this, number] { start_worker(number); });
  }
}

void World::end_local_workers() {
  for (std::uint32_t number = 1; plan_.local_workers && number <= plan_.workers; ++number) {
    kill_worker(number, std::nullopt, false);
  }
}

void World::stop(const Stop& stop) {
  if (stop.who == 0) {
    if (coordinator_ != nullptr) {
      stop_again_ = stop.restart_after;
      coordinator_->drain();
    }
    return;
  }
  if (WorkerProcess* worker = machines_.at(stop.who - 1).process) {
    contacts_.leaves(stop.who);
    worker->stop();
  }
}

void World::coordinator_ended(CoordinatorProcess::End how) {
  CoordinatorProcess* ended = coordinator_;
  if (how == CoordinatorProcess::End::storage_failed) {
    kill_coordinator({});
    return;
  }
  // Its last frames are on their way; then it is gone.
  schedule_.after(kLinger, [this, ended, how] {
    if (coordinator_ != ended) {
      return;
    }
    ended->kill();
    ledger_.crash();
    coordinator_ = nullptr;
    network_.coordinator(nullptr);
    end_local_workers();
    if (how == CoordinatorProcess::End::drained) {
      schedule_.after(stop_again_.value_or(kRestartDefault), [this] { start_coordinator(); });
      return;
    }
    const bool failed = std::any_of(files_.begin(), files_.end(),
                                    [](const auto& file) { return file && file->failed > 0; });
    if (failed && plan_.poison.empty() && resumes_ < kResumesMax) {
      // The operator has the provider mended, and goes on. Leases ended with the run.
      for (std::uint32_t number = 1; number <= plan_.workers; ++number) {
        contacts_.freed(number, schedule_.now());
      }
      ++resumes_;
      teacher_.mend();
      start_coordinator();
      return;
    }
    finished_ = true;
  });
}

void World::worker_ended(WorkerProcess& worker, std::uint32_t number, WorkerProcess::End how) {
  Machine& machine = machines_.at(number - 1);
  if (&worker != machine.process) {
    worker.kill();  // a ghost
    return;
  }
  if (how == WorkerProcess::End::refused) {
    kill_worker(number, kTtl, false);  // whoever runs it tries again
    return;
  }
  if (how != WorkerProcess::End::stopped) {
    kill_worker(number, kRestartDefault, random_.chance(500));
    return;
  }
  machine.process->kill();
  teacher_.died(machine.process->incarnation());
  provider_calls_.died(machine.process->incarnation());
  machine.process = nullptr;
  schedule_.after(kRestartDefault, [this, number] { start_worker(number); });
}

/// What a coordinator does first when its workers ended with it: the answers of their journals go
/// into the ledger.
void World::read_local_journals() {
  for (Machine& machine : machines_) {
    const RecoveredJournal left = machine.disk->take_all();
    std::vector<Record> records = left.ended;
    for (const JournalIntent& intent : left.in_doubt) {
      records.push_back(in_doubt_record(intent));
    }
    ledger_.import(std::move(records), left.incarnations);
  }
}

Verdict run_world(const Campaign& campaign, std::uint64_t seed, bool print) {
  return World(plan_for(campaign, seed), print).run();
}

}  // namespace fd::sim
