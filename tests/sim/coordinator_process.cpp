#include "tests/sim/coordinator_process.hpp"

#include <algorithm>
#include <set>

#include "protocol/frame.hpp"
#include "tests/sim/run_spec.hpp"

namespace fd::sim {
namespace {

constexpr Time kHopMax = 2 * kMillisecond;  ///< from the ledger to the loop
constexpr Time kLoadMax = 10 * kMillisecond;
constexpr Time kWriteMin = 3 * kMillisecond;
constexpr Time kWriteMax = 40 * kMillisecond;

Duration duration(Time time) {
  return Duration{time};
}

}  // namespace

CoordinatorProcess::CoordinatorProcess(Services& services, std::function<void(End)> ended)
    : Process(services.schedule, services.plan.clocks.at(0)),
      services_(services),
      ended_(std::move(ended)),
      random_(services.plan.seed + services.ledger.epoch(), "coordinator") {}

void CoordinatorProcess::start() {
  services_.ledger.open(*this, [this] { loop_->fail(Error{Errc::storage, "a commit failed"}); });
  // A world keeps all lives to its end: the ports need no owner.
  loop_.emplace(std::shared_ptr<CoordinatorPorts>(std::shared_ptr<void>(), this), options());
  services_.trace.note(schedule_.now(), "started", 0, services_.ledger.epoch(),
                       services_.ledger.last_fence());
  services_.network.coordinator(this);
  services_.contacts.coordinator_started(schedule_.now());
  tick();
}

CoordinatorLoopOptions CoordinatorProcess::options() {
  const MemoryLedger& ledger = services_.ledger;
  CoordinatorLoopOptions options;
  options.run_id = kRunId;
  const Spec& spec = run_spec(services_.plan.config_changes && ledger.epoch() % 2 == 0);
  options.config_json = spec.json;
  for (const auto& [digest, bytes] : services_.data.databases()) {
    options.databases.insert(digest.hex());
  }
  options.samples_bytes = services_.plan.in_pieces ? 1 : kSamplesBytes;
  options.shards = seeds();
  CoordinatorCoreConfig& core = options.core;
  core.config = spec.digest;
  core.ledger = ledger.speaker().ledger;
  core.start = ledger.speaker().start;
  core.shares_before = ledger.open_shares();
  core.last_fence = ledger.last_fence();
  core.providers.clear();
  for (const Provider& provider : providers(services_.plan)) {
    core.providers.push_back({provider.name, provider.calls});
  }
  core.prefetch = services_.plan.prefetch;
  core.writing_max = services_.plan.writing_max;
  core.workers_expected = services_.plan.workers;
  core.ttl = duration(kTtl);
  core.heartbeat = duration(kHeartbeat);
  core.started = now();
  lasts_until_ = core.started + core.ttl;
  return options;
}

std::vector<ShardSeed> CoordinatorProcess::seeds() {
  std::vector<ShardSeed> seeds;
  for (std::uint32_t shard = 0; shard < services_.data.shard_count(); ++shard) {
    ShardSeed seed;
    seed.count = static_cast<std::uint32_t>(services_.data.shard(shard).size());
    const std::optional<ShardFile>& file = services_.files.at(shard);
    seed.committed = file && file->failed == 0;
    if (const auto& leases = services_.ledger.leases(shard); !leases.empty()) {
      last_lease_[shard] = {leases.back().lease, leases.back().granted_at};
      if (!seed.committed && !services_.plan.local_workers) {
        seed.holder = leases.back().lease;
      }
    }
    seeds.push_back(std::move(seed));
  }
  return seeds;
}

// --- events -------------------------------------------------------------------------------------

/// Calls of a process that the coordinator gave up, or that a later one of its name replaced, are
/// its own affair; but those of an earlier start may hold their leases for as long as one lasts.
void CoordinatorProcess::count_calls() {
  services_.provider_calls.give_up([this](std::uint32_t worker, std::uint64_t incarnation) {
    const auto latest = latest_.find("w" + std::to_string(worker));
    const bool replaced = latest != latest_.end() && latest->second > incarnation;
    return loop_->connected(incarnation) ||
           (!replaced && !connected_.contains(incarnation) && now() < lasts_until_);
  });
}

void CoordinatorProcess::tick() {
  loop_->tick();
  count_calls();
  if (!over_) {
    after(simulated(kTick), [this] { tick(); });
  }
}

void CoordinatorProcess::worker_ended(const std::string& name, bool replaced) {
  after(0, [this, name, replaced] {
    incarnation_of_.erase(name);
    loop_->worker_ended(name, replaced);
    count_calls();
  });
}

void CoordinatorProcess::receive(const std::string& from, std::string bytes) {
  after(0, [this, from, bytes = std::move(bytes)] {
    orders_.clear();
    loop_->take(Incoming{from, bytes, {}});
    const FrameView frame = decode_frame(bytes).value();
    if (frame.kind == MessageKind::worker_state && alive() && !over_) {
      const WorkerState state = decode<WorkerState>(frame.body).value();
      const std::uint64_t incarnation = frame.speaker.incarnation;
      if (loop_->connected(incarnation)) {
        connected_.insert(incarnation);
        latest_[state.name] = std::max(latest_[state.name], incarnation);
      }
      const std::pair answered{incarnation, state.seq};
      check_state(state, incarnation, std::ranges::count(orders_, answered) > 0);
    }
    count_calls();
  });
}

void CoordinatorProcess::drain() {
  after(0, [this] { loop_->drain(); });
}

// --- the ports ----------------------------------------------------------------------------------

void CoordinatorProcess::send(const PeerId& peer, std::string frame) {
  if (boundary()) {
    return;
  }
  check_frame(frame);
  services_.network.send_down(peer, std::move(frame));
}

void CoordinatorProcess::append(std::vector<LedgerEvent> events, std::function<void()> then) {
  if (boundary()) {
    return;
  }
  for (const LedgerEvent& event : events) {
    check_append(event);
  }
  services_.ledger.append(std::move(events), std::move(then));
}

void CoordinatorProcess::post(LeasesDurable leases) {
  after(random_.between(0, kHopMax),
        [this, leases = std::move(leases)] { loop_->leases_durable(leases); });
}

void CoordinatorProcess::load_shard(std::uint32_t shard) {
  // Whether a fetch comes before or behind it.
  after(random_.between(0, kLoadMax), [this, shard] {
    loop_->loaded(
        LoadedShard{shard, services_.data.shard(shard), services_.ledger.records(shard), {}});
  });
}

void CoordinatorProcess::read_database(SendDatabase asked) {
  after(random_.between(0, services_.plan.database_read_max), [this, asked = std::move(asked)] {
    const std::string& bytes = services_.data.databases().at(asked.fetch.digest);
    const std::size_t offset = std::min<std::size_t>(asked.fetch.offset, bytes.size());
    loop_->database_read(asked, FilePiece{bytes.substr(offset, kPieceBytes), bytes.size()});
  });
}

void CoordinatorProcess::write_shard(std::shared_ptr<ShardResult> result) {
  if (boundary()) {
    return;
  }
  check_write(*result);
  writing_.push_back(std::move(result));
  if (writing_.size() == 1) {
    write_next();
  }
}

void CoordinatorProcess::warn(std::string_view event, Log::Fields fields) {
  std::string line = "coord      log: " + std::string(event);
  for (const auto& [name, value] : fields) {
    line += " " + std::string(name) + "=" + value;
  }
  services_.trace.line(schedule_.now(), line);
  constexpr std::string_view kWorker = "what=worker ";
  if (const auto name = line.find(kWorker);
      name != std::string::npos && line.find(" reaches no endpoint", name) != std::string::npos) {
    const std::size_t from = name + kWorker.size();
    relieved_[line.substr(from, line.find(' ', from) - from)] = schedule_.now();
  }
  if (event == "message_refused") {
    services_.oracle.fail(schedule_.now(), line);
  }
}

void CoordinatorProcess::ended(RunEnd end) {
  over_ = true;
  if (!alive()) {
    return;
  }
  const End how = end.kind == RunEnd::Kind::finished ? End::finished
                  : end.kind == RunEnd::Kind::failed ? End::storage_failed
                                                     : End::drained;
  services_.trace.note(schedule_.now(), "ended", 0, static_cast<std::uint64_t>(how));
  if (how != End::storage_failed) {
    services_.ledger.close();
  }
  if (alive()) {
    ended_(how);
  }
}

void CoordinatorProcess::write_next() {
  after(random_.between(kWriteMin, kWriteMax), [this] {
    const std::shared_ptr<ShardResult> result = std::move(writing_.front());
    writing_.erase(writing_.begin());
    finish_write(*result);
    if (boundary()) {
      return;
    }
    if (!writing_.empty()) {
      write_next();
    }
    loop_->written(result->shard, {});
  });
}

void CoordinatorProcess::finish_write(const ShardResult& result) {
  const std::string which = "shard " + std::to_string(result.shard);
  std::optional<ShardFile>& file = services_.files.at(result.shard);
  services_.trace.note(schedule_.now(), "written", 0, result.shard);
  if (file && file->failed == 0) {
    services_.oracle.fail(schedule_.now(), which + " is written a second time");
  }
  const std::size_t samples = services_.data.shard(result.shard).size();
  std::set<SampleId> ended;
  for (const Outcome& outcome : result.outcomes) {
    ended.insert(outcome.sample_id);
  }
  if (result.outcomes.size() != samples || ended.size() != samples) {
    services_.oracle.fail(schedule_.now(), which + " is written with " +
                                               std::to_string(result.outcomes.size()) +
                                               " outcomes of " + std::to_string(samples));
  }
  ShardFile made;
  made.artifacts = Dataset::artifacts(result.answers, result.outcomes);
  made.failed = static_cast<std::uint32_t>(
      std::count_if(result.outcomes.begin(), result.outcomes.end(),
                    [](const Outcome& outcome) { return outcome.verdict == fd::Verdict::failed; }));
  made.writes = file ? file->writes + 1 : 1;
  file = std::move(made);
}

}  // namespace fd::sim
