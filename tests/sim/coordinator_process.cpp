#include "tests/sim/coordinator_process.hpp"

#include <algorithm>

#include "coordinator/control/samples_reply.hpp"
#include "coordinator/shards/record_fold.hpp"
#include "protocol/base/mutant.hpp"
#include "protocol/frame.hpp"
#include "tests/sim/run_spec.hpp"

namespace fd::sim {
namespace {

constexpr Time kTick = 500 * kMillisecond;  // as the real shell's
constexpr Time kHopMax = 2 * kMillisecond;  ///< from the ledger to the core
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
  MemoryLedger& ledger = services_.ledger;
  ledger.open(*this, [this] { end(End::storage_failed); });
  CoordinatorCoreConfig config;
  config.config = run_spec().digest;
  config.ledger = ledger.speaker().ledger;
  config.start = ledger.speaker().start;
  config.shares_before = ledger.open_shares();
  config.last_fence = ledger.last_fence();
  config.providers = {{"p", services_.plan.slots}};
  config.prefetch = services_.plan.prefetch;
  config.writing_max = services_.plan.writing_max;
  config.workers_expected = services_.plan.workers;
  config.ttl = duration(kTtl);
  config.heartbeat = duration(kHeartbeat);
  config.started = now();
  std::vector<ShardSeed> seeds;
  for (std::uint32_t shard = 0; shard < services_.data.shard_count(); ++shard) {
    ShardSeed seed;
    seed.count = static_cast<std::uint32_t>(services_.data.shard(shard).size());
    const std::optional<ShardFile>& file = services_.files.at(shard);
    seed.committed = file && file->failed == 0;
    if (!ledger.leases(shard).empty()) {
      const LeaseRow& row = ledger.leases(shard).back();
      last_lease_[shard] = {row.lease, row.granted_at};
    }
    if (!ledger.leases(shard).empty() && !seed.committed && !services_.plan.local_workers) {
      seed.holder = ledger.leases(shard).back().lease;
    }
    seeds.push_back(std::move(seed));
  }
  core_.emplace(config, seeds);
  services_.trace.note(schedule_.now(), "started", 0, ledger.epoch(), ledger.last_fence());
  services_.network.coordinator(this);
  services_.contacts.coordinator_started(schedule_.now());
  tick();
}

void CoordinatorProcess::tick() {
  if (over_) {
    return;
  }
  step(Ticked{});
  after(simulated(duration(kTick)), [this] { tick(); });
}

void CoordinatorProcess::worker_ended(const std::string& name, bool replaced) {
  after(0, [this, name, replaced] {
    incarnation_of_.erase(name);
    step(WorkerEnded{name, replaced});
  });
}

void CoordinatorProcess::receive(const std::string& from, std::string bytes) {
  after(0, [this, from, bytes = std::move(bytes)] {
    if (const auto taken = dispatch(from, bytes); !taken.ok()) {
      services_.oracle.fail(schedule_.now(),
                            "coordinator refuses a frame: " + taken.error().message);
    }
  });
}

Result<void> CoordinatorProcess::dispatch(const std::string& from, const std::string& bytes) {
  FD_TRY(const FrameView frame, decode_frame(bytes));
  Arrived arrived{from, frame.speaker, {}};
  if (frame.run_id != kRunId) {
    arrived.from.ledger = arrived.from.start = 0;
  }
  switch (frame.kind) {
    case MessageKind::worker_state: {
      FD_TRY(WorkerState state, decode<WorkerState>(frame.body));
      step(StateArrived{std::move(arrived), std::move(state)});
      return {};
    }
    case MessageKind::fetch: {
      FD_TRY(Fetch fetch, decode<Fetch>(frame.body));
      step(FetchArrived{std::move(arrived), std::move(fetch)});
      return {};
    }
    case MessageKind::deliver: {
      FD_TRY(Deliver deliver, decode<Deliver>(frame.body));
      step(DeliverArrived{std::move(arrived), std::move(deliver)});
      return {};
    }
    case MessageKind::flush_marker: {
      FD_TRY(const FlushMarker marker, decode<FlushMarker>(frame.body));
      step(FlushMarkerArrived{std::move(arrived), marker});
      return {};
    }
    default:
      return Error{Errc::invalid_input, "not one for a coordinator"};
  }
}

void CoordinatorProcess::step(CoordinatorEvent event) {
  if (over_ || !alive()) {
    return;
  }
  const auto* arrived = std::get_if<StateArrived>(&event);
  const std::optional<StateArrived> state =
      arrived == nullptr ? std::nullopt : std::optional(*arrived);
  CoordinatorEffects effects = core_->step(now(), std::move(event));
  if (state) {
    check_state(*state, effects);
  }
  perform(std::move(effects));
  if (over_ || !alive()) {
    return;
  }
  if (core_->finished()) {
    end(End::finished);
  } else if (draining_ && writing_.empty() && !gate_.busy() && core_->view(now()).idle) {
    end(End::drained);
  }
}

void CoordinatorProcess::end(End how) {
  over_ = true;
  services_.trace.note(schedule_.now(), "ended", 0, static_cast<std::uint64_t>(how));
  if (how == End::finished) {
    perform(core_->step(now(), Ticked{}));  // tells the workers
  }
  if (how != End::storage_failed && alive()) {
    services_.ledger.close();
  }
  if (alive()) {
    ended_(how);
  }
}

void CoordinatorProcess::drain() {
  after(0, [this] {
    draining_ = true;
    step(DrainAsked{});
  });
}

void CoordinatorProcess::perform(CoordinatorEffects effects) {
  for (const std::string& line : effects.log) {
    services_.trace.line(schedule_.now(), "coord      log: " + line);
  }
  for (const std::uint32_t shard : effects.load) {
    if (loading_.insert(shard).second) {
      // Whether a fetch comes before or behind it.
      after(random_.between(0, kLoadMax), [this, shard] { load(shard); });
    }
  }
  for (const LedgerEvent& event : effects.append) {
    check_append(event);
    if (const auto* record = std::get_if<Record>(&event)) {
      keep(*record);
    }
  }
  const bool appends =
      gate_.busy() || !effects.append.empty() || !effects.late.empty() || !effects.commit.empty();
  if (appends) {
    gate_.append();
  }
  std::vector<Frame> at_once;
  std::vector<Frame> frames;
  for (const Outgoing& outgoing : effects.send) {
    if (const auto* samples = std::get_if<SendSamples>(&outgoing)) {
      check_samples(*samples);
      services_.network.send_down(samples->peer, encoded_samples(*samples));
    } else {
      (gate_.holds(outgoing) ? frames : at_once).push_back(encoded(outgoing));
    }
  }
  if (boundary()) {
    return;
  }
  for (Frame& frame : at_once) {
    send(frame);
  }
  if (FD_MUTANT(ack_before_commit)) {
    for (Frame& frame : std::exchange(frames, {})) {
      send(frame);
    }
  }
  if (appends) {
    after_commit(std::move(effects), std::move(frames));
  }
}

void CoordinatorProcess::after_commit(CoordinatorEffects effects, std::vector<Frame> frames) {
  std::vector<std::pair<std::uint32_t, Store>> finished;
  for (const std::uint32_t shard : effects.commit) {
    finished.emplace_back(shard, std::move(stores_.at(shard)));
    stores_.erase(shard);
  }
  const LeasesDurable durable{highest_fence(effects.append), shares_in(effects.append)};
  services_.ledger.append(
      std::move(effects.append), std::move(effects.late),
      [this, durable, finished = std::move(finished), frames = std::move(frames)]() mutable {
        for (Frame& frame : frames) {
          if (boundary()) {
            return;
          }
          send(frame);
        }
        const bool idle = writing_.empty();
        std::move(finished.begin(), finished.end(), std::back_inserter(writing_));
        if (idle && !writing_.empty()) {
          write_next();
        }
        gate_.committed();
        if (durable.fence > 0 || !durable.shares.empty()) {
          after(random_.between(0, kHopMax), [this, durable] { step(durable); });
        }
      });
}

void CoordinatorProcess::load(std::uint32_t shard) {
  if (over_) {
    return;
  }
  loading_.erase(shard);
  ShardLoaded loaded;
  loaded.shard = shard;
  for (const Sample& sample : services_.data.shard(shard)) {
    loaded.ids.push_back(sample.id);
  }
  loaded.recorded = services_.ledger.records(shard);
  stores_[shard] = {};
  RecordFold fold(loaded.ids);
  for (Record& record : loaded.recorded) {
    fold.pass(record);
    if (record.outcome && record.outcome->verdict == fd::Verdict::failed &&
        !FD_MUTANT(failed_is_final)) {
      record.outcome.reset();  // never final: it is asked again
    }
    keep(record);
  }
  step(std::move(loaded));
}

void CoordinatorProcess::keep(const Record& record) {
  const auto found = stores_.find(record.shard);
  if (found == stores_.end()) {
    return;  // an answer to a failed sample of a shard that is written
  }
  if (record.answer) {
    found->second.answers.push_back(*record.answer);
  }
  if (record.outcome) {
    found->second.outcomes.push_back(*record.outcome);
  }
}

void CoordinatorProcess::write_next() {
  after(random_.between(kWriteMin, kWriteMax), [this] {
    const auto [shard, store] = std::move(writing_.front());
    writing_.erase(writing_.begin());
    finish_write(shard, store);
    if (boundary()) {
      return;
    }
    step(ShardWritten{shard});
    if (!writing_.empty()) {
      write_next();
    }
  });
}

void CoordinatorProcess::finish_write(std::uint32_t shard, const Store& store) {
  std::optional<ShardFile>& file = services_.files.at(shard);
  services_.trace.note(schedule_.now(), "written", 0, shard);
  if (file && file->failed == 0) {
    services_.oracle.fail(schedule_.now(),
                          "shard " + std::to_string(shard) + " is written a second time");
  }
  const std::vector<Sample>& samples = services_.data.shard(shard);
  std::set<SampleId> ended;
  for (const Outcome& outcome : store.outcomes) {
    ended.insert(outcome.sample_id);
  }
  if (store.outcomes.size() != samples.size() || ended.size() != samples.size()) {
    services_.oracle.fail(schedule_.now(), "shard " + std::to_string(shard) + " is written with " +
                                               std::to_string(store.outcomes.size()) +
                                               " outcomes of " + std::to_string(samples.size()));
  }
  ShardFile made;
  made.artifacts = Dataset::artifacts(store.answers, store.outcomes);
  made.failed = static_cast<std::uint32_t>(
      std::count_if(store.outcomes.begin(), store.outcomes.end(),
                    [](const Outcome& outcome) { return outcome.verdict == fd::Verdict::failed; }));
  made.writes = file ? file->writes + 1 : 1;
  file = std::move(made);
}

// --- frames out ---------------------------------------------------------------------------------

template <class Message>
std::string CoordinatorProcess::framed(const To& to, const Message& message) const {
  Speaker speaker = services_.ledger.speaker();
  speaker.incarnation = to.incarnation;
  return encode_frame(kRunId, speaker, message);
}

CoordinatorProcess::Frame CoordinatorProcess::encoded(const Outgoing& outgoing) const {
  Frame frame;
  std::visit([&](const auto& one) { frame.to = one; }, outgoing);
  if (const auto* order = std::get_if<SendOrder>(&outgoing)) {
    frame.order = order->order;
    frame.bytes = framed(*order, order->order);
  } else if (std::holds_alternative<SendRunSpec>(outgoing)) {
    frame.bytes = framed(frame.to, RunSpec{run_spec().digest, run_spec().json});
  } else if (const auto* marker = std::get_if<SendFlushMarker>(&outgoing)) {
    frame.bytes = framed(*marker, marker->marker);
  } else {
    frame.ack = std::get<SendAck>(outgoing).ack;
    frame.bytes = framed(frame.to, *frame.ack);
  }
  return frame;
}

std::string CoordinatorProcess::encoded_samples(const SendSamples& send) const {
  const std::size_t max_bytes = services_.plan.in_pieces ? 1 : kSamplesBytes;
  return framed(send, samples_reply(send, services_.data.shard(send.shard), max_bytes));
}

void CoordinatorProcess::send(Frame& frame) {
  if (frame.order) {
    check_order(frame.to, *frame.order);
  }
  if (frame.ack) {
    check_ack(frame.to, *frame.ack);
  }
  services_.network.send_down(frame.to.peer, std::move(frame.bytes));
}

}  // namespace fd::sim
