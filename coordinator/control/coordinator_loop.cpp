#include "coordinator/control/coordinator_loop.hpp"

#include <algorithm>

#include "actors/system/failpoint.hpp"
#include "coordinator/control/committed_frames.hpp"
#include "protocol/base/mutant.hpp"
#include "protocol/frame.hpp"

namespace fd {
namespace {

constexpr std::size_t kRefusedLogged = 20;  ///< refused frames that get a line in the log

}  // namespace

CoordinatorLoop::CoordinatorLoop(std::shared_ptr<CoordinatorPorts> ports,
                                 CoordinatorLoopOptions options)
    : ports_(std::move(ports)),
      options_(std::move(options)),
      core_(options_.core, options_.shards),
      meter_(options_.before),
      troubles_(*ports_, options_.core.last_fence) {
  FD_CHECK(sha256(options_.config_json) == options_.core.config);
}

// --- frames in ----------------------------------------------------------------------------------

void CoordinatorLoop::take(const Incoming& frame) {
  if (over_) {
    return;
  }
  const auto taken = dispatch(frame);
  if (taken.ok()) {
    return;
  }
  if (taken.error().code == Errc::unsupported) {
    refuse(Arrived{frame.peer, {}, {}}, 0, taken.error().message);
  }
  if (++refused_ <= kRefusedLogged) {
    ports_->warn("message_refused",
                 {{"why", taken.error().message}, {"total", std::to_string(refused_)}});
  }
}

Result<void> CoordinatorLoop::dispatch(const Incoming& incoming) {
  FD_TRY(const FrameView frame, decode_frame(incoming.bytes));
  if (!frame.run_id.empty() && frame.run_id != options_.run_id &&
      frame.kind != MessageKind::worker_state) {
    return Error{Errc::stale, "message of another run: " + std::string(frame.run_id)};
  }
  Arrived from{incoming.peer, frame.speaker, incoming.user};
  if (frame.run_id != options_.run_id) {
    from.from.ledger = from.from.start = 0;  // what it holds belongs to another run
  }
  switch (frame.kind) {
    case MessageKind::worker_state: {
      FD_TRY(WorkerState state, decode<WorkerState>(frame.body));
      return take_state(std::move(from), incoming, std::move(state));
    }
    case MessageKind::fetch: {
      FD_TRY(Fetch fetch, decode<Fetch>(frame.body));
      step(FetchArrived{std::move(from), std::move(fetch)});
      return {};
    }
    case MessageKind::deliver: {
      FD_TRY(Deliver deliver, decode<Deliver>(frame.body));
      FD_FAILPOINT("k07.deliver_received");
      step(DeliverArrived{std::move(from), std::move(deliver)});
      return {};
    }
    case MessageKind::flush_marker: {
      FD_TRY(const FlushMarker marker, decode<FlushMarker>(frame.body));
      step(FlushMarkerArrived{std::move(from), marker});
      return {};
    }
    case MessageKind::fetch_database: {
      FD_TRY(const FetchDatabase fetch, decode<FetchDatabase>(frame.body));
      return take_database_fetch(std::move(from), fetch);
    }
    default:
      return Error{Errc::invalid_input, "message: not one for a coordinator"};
  }
}

Result<void> CoordinatorLoop::take_state(Arrived from, const Incoming& incoming,
                                         WorkerState state) {
  if (options_.check_sender) {
    FD_TRY_VOID(options_.check_sender(incoming.user, state));
  }
  if (state.policy != options_.policy) {
    const std::string why = "worker '" + state.name + "' judges SQL by '" + state.policy +
                            "', this coordinator by '" + options_.policy +
                            "': verdicts could differ";
    refuse(from, state.seq, why);
    return Error{Errc::refused, why};
  }
  if (state.version != FD_VERSION && version_warned_.insert(state.name).second) {
    ports_->warn("worker_version", {{"worker", state.name}, {"version", state.version}});
  }
  troubles_.hear(state);
  step(StateArrived{std::move(from), std::move(state)});
  if (!stop_reason_ && !drain_by_) {
    stop_reason_ = why_hopeless(core_.endpoints(), options_.gateway);
    decide_end();
  }
  return {};
}

Result<void> CoordinatorLoop::take_database_fetch(Arrived from, const FetchDatabase& fetch) {
  if (!options_.databases.contains(fetch.digest.hex())) {
    return Error{Errc::refused, "not a database of this run: " + fetch.digest.hex()};
  }
  step(FetchDatabaseArrived{std::move(from), fetch});
  return {};
}

/// Tells a worker that it cannot take part, and why. One that speaks another version of the
/// protocol learns it from the frame, which names ours.
void CoordinatorLoop::refuse(const Arrived& to, std::uint64_t seq, const std::string& why) {
  Order order;
  order.ack_seq = seq;
  order.config = options_.core.config;
  order.refused = why;
  ports_->send(to.peer, framed(to.from.incarnation, order));
}

// --- what was waited for ------------------------------------------------------------------------

void CoordinatorLoop::tick() {
  if (over_) {
    return;
  }
  step(Ticked{});
  if (!over_) {
    ports_->report(meter_.snapshot(core_.view(ports_->now())));
  }
}

void CoordinatorLoop::loaded(Result<LoadedShard> read) {
  if (over_) {
    return;
  }
  auto folded = read.ok() ? fold(std::move(*read), options_.shards.at(read->shard).count)
                          : Result<FoldedShard>(read.error());
  if (!folded.ok()) {
    return fail(folded.error());
  }
  for (const Record& record : folded->event.recorded) {
    meter_.count(record);
  }
  stores_[folded->event.shard] = std::move(folded->store);
  loading_.erase(folded->event.shard);
  step(std::move(folded->event));
}

void CoordinatorLoop::leases_durable(LeasesDurable leases) {
  FD_FAILPOINT("k05.lease_before_send");
  step(std::move(leases));
  FD_FAILPOINT("k06.lease_sent");
}

void CoordinatorLoop::written(std::uint32_t shard, const Result<void>& result) {
  if (!result.ok()) {
    return fail(result.error());
  }
  FD_FAILPOINT("k15.shard_before_written");
  meter_.count_shard(writing_.at(shard));
  writing_.erase(shard);
  step(ShardWritten{shard});
}

void CoordinatorLoop::database_read(const SendDatabase& asked, Result<FilePiece> piece) {
  if (over_) {
    return;
  }
  if (!piece.ok()) {
    return fail(piece.error());
  }
  const auto [digest, offset] = asked.fetch;
  ports_->send(asked.peer,
               framed(asked.incarnation,
                      DatabaseChunk{digest, offset, piece->file_bytes, std::move(piece->bytes)}));
  if (auto marker = reads_.end(asked)) {
    CoordinatorEffects effects;
    effects.send.emplace_back(std::move(*marker));
    perform(std::move(effects));
  }
}

void CoordinatorLoop::drain() {
  if (!drain_by_) {
    drain_by_ = ports_->now() + options_.drain;
  }
  step(DrainAsked{});
}

void CoordinatorLoop::worker_ended(const std::string& name, bool replaced) {
  step(WorkerEnded{name, replaced});
}

void CoordinatorLoop::fail(Error error, RunEnd::Kind kind) {
  end(kind, std::move(error));
}

// --- effects ------------------------------------------------------------------------------------

void CoordinatorLoop::step(CoordinatorEvent event) {
  if (over_) {
    return;
  }
  CoordinatorEffects effects = core_.step(ports_->now(), std::move(event));
  const std::optional<std::string> unserved = effects.unserved;
  perform(std::move(effects));
  if (unserved) {
    return end(RunEnd::Kind::no_stage, Error{Errc::unavailable, *unserved});
  }
  decide_end();
}

void CoordinatorLoop::perform(CoordinatorEffects effects) {
  for (const std::string& line : effects.log) {
    ports_->warn("recovered", {{"what", line}});
  }
  for (const std::uint32_t shard : effects.load) {
    if (loading_.insert(shard).second) {
      ports_->load_shard(shard);
    }
  }
  for (const LedgerEvent& event : effects.append) {
    if (const auto* record = std::get_if<Record>(&event)) {
      keep(*record);
    }
  }
  for (Record& record : effects.late) {
    meter_.count(record);
    effects.append.emplace_back(std::move(record));
  }
  const bool appends = gate_->busy() || !effects.append.empty() || !effects.commit.empty();
  if (appends) {
    gate_->append();
  }
  Frames held = send(effects.send);
  if (appends) {
    after_commit(std::move(effects), std::move(held));
  }
}

/// Sends what may leave at once. Returns the frames that wait for the append that was counted last.
CoordinatorLoop::Frames CoordinatorLoop::send(const std::vector<Outgoing>& messages) {
  Frames held;
  for (const Outgoing& outgoing : messages) {
    const bool holds = gate_->holds(outgoing) && !FD_MUTANT(ack_before_commit);
    const auto* marker = std::get_if<SendFlushMarker>(&outgoing);
    if (marker != nullptr && reads_.hold(*marker)) {
      continue;
    }
    std::visit([&](const auto& message) { send_one(message, holds ? &held : nullptr); }, outgoing);
  }
  return held;
}

template <class Message>
void CoordinatorLoop::send_one(const Message& message, Frames* held) {
  if (held != nullptr) {
    held->emplace_back(message.peer, encoded(message));
  } else {
    ports_->send(message.peer, encoded(message));
  }
}

void CoordinatorLoop::send_one(const SendDatabase& message, Frames*) {
  if (reads_.begin(message)) {
    ports_->read_database(message);
  }
}

/// Hands the frames and the finished shards over once the ledger has what they rest on. Later
/// frames queue behind earlier ones, so that nothing overtakes a commit.
void CoordinatorLoop::after_commit(CoordinatorEffects effects, Frames frames) {
  std::vector<std::shared_ptr<ShardResult>> finished;
  for (const std::uint32_t shard : effects.commit) {
    auto store = stores_.extract(shard);
    FD_CHECK(!store.empty());
    writing_[shard] = store.mapped().has_failed();
    finished.push_back(std::make_shared<ShardResult>(std::move(store.mapped().result)));
  }
  if (FD_MUTANT(written_before_commit)) {
    std::ranges::for_each(std::exchange(finished, {}),
                          [&](auto& one) { ports_->write_shard(one); });
  }
  LeasesDurable leases{highest_fence(effects.append), shares_in(effects.append)};
  auto waiting =
      std::make_shared<CommittedFrames>(std::move(frames), brings<Record>(effects.append));
  // Comes on another thread, perhaps when this loop is gone: touches nothing of its own.
  ports_->append(std::move(effects.append),
                 [ports = ports_, gate = gate_, finished = std::move(finished),
                  leases = std::move(leases), waiting = std::move(waiting)] {
                   waiting->send(*ports);
                   if (leases.fence > 0 || !leases.shares.empty()) {
                     ports->post(leases);
                   }
                   for (const auto& shard : finished) {
                     ports->write_shard(shard);
                   }
                   gate->committed();
                 });
}

void CoordinatorLoop::keep(const Record& record) {
  // No store: the shard is being written or is written already, and this is for a later start.
  if (const auto found = stores_.find(record.shard); found != stores_.end()) {
    found->second.keep(record);
  }
  meter_.count(record);
  troubles_.hear(record);
  if (record.outcome) {
    meter_.measure(*record.outcome);
  }
}

// --- frames out ---------------------------------------------------------------------------------

std::string CoordinatorLoop::encoded(const SendRunSpec& send) const {
  return framed(send.incarnation, RunSpec{options_.core.config, options_.config_json});
}

std::string CoordinatorLoop::encoded(const SendSamples& send) const {
  return framed(send.incarnation,
                samples_reply(send, stores_.at(send.shard).samples, options_.samples_bytes));
}

// --- the end ------------------------------------------------------------------------------------

void CoordinatorLoop::decide_end() {
  if (over_) {
    return;
  }
  if (core_.finished() && !stop_reason_) {
    return end(RunEnd::Kind::finished, {});
  }
  const bool drained = drain_by_ && (ports_->now() >= *drain_by_ ||
                                     (writing_.empty() && core_.view(ports_->now()).idle));
  if (core_.finished() || drained) {
    // Every sample may have failed before the drain took hold: that is still no run to merge.
    return end(stop_reason_ ? RunEnd::Kind::no_endpoint : RunEnd::Kind::drained,
               stop_reason_.value_or(Error{}));
  }
  if (stop_reason_ && !drain_by_) {
    drain();
  }
}

void CoordinatorLoop::end(RunEnd::Kind kind, Error error) {
  if (over_) {
    return;
  }
  over_ = true;
  if (error.code == Errc::not_found) {
    error.code = Errc::storage;  // what was there when the run began
  }
  const CoordinatorView view = core_.view(ports_->now());
  const auto progress = meter_.snapshot(view);
  ports_->report(progress);
  RunEnd end{kind, std::move(error), meter_.times(view.teacher), progress->failed,
             kind == RunEnd::Kind::finished ? 0 : view.in_flight};
  if (kind == RunEnd::Kind::finished) {
    perform(core_.step(ports_->now(), Ticked{}));  // tells the workers, which wait for the next run
  }
  ports_->ended(std::move(end));
}

}  // namespace fd
