#include "tests/sim/worker_process.hpp"

#include <algorithm>

#include "protocol/base/mutant.hpp"
#include "protocol/frame.hpp"
#include "tests/sim/coordinator_process.hpp"

namespace fd::sim {
namespace {

constexpr Time kStageMin = 1 * kMillisecond;  ///< the gates after the teacher
constexpr Time kStageMax = 20 * kMillisecond;

WorkerCoreConfig core_config(const Plan& plan, std::uint32_t number, std::uint64_t incarnation) {
  WorkerCoreConfig config;
  config.name = "w" + std::to_string(number);
  config.incarnation = incarnation;
  config.prefetch = plan.prefetch;
  return config;
}

}  // namespace

WorkerProcess::WorkerProcess(Services& services, WorkerDisk& disk, std::uint32_t number,
                             std::uint64_t incarnation,
                             std::function<void(WorkerProcess&, End)> ended)
    : Process(services.schedule, services.plan.clocks.at(number)),
      services_(services),
      disk_(disk),
      number_(number),
      incarnation_(incarnation),
      ended_(std::move(ended)),
      random_(services.plan.seed, "worker" + std::to_string(incarnation)),
      core_(core_config(services.plan, number, incarnation)) {}

void WorkerProcess::start() {
  services_.trace.note(schedule_.now(), "started", number_, incarnation_);
  control_ = services_.network.connect(number_, *this);
  bulk_ = services_.network.connect(number_, *this);
  wake();
}

void WorkerProcess::stop() {
  after(0, [this] { step(StopAsked{}); });
}

void WorkerProcess::end(End how) {
  if (!over_) {
    over_ = true;
    if (how == End::stopped) {
      ++run_;
      disk_.close();
    }
    services_.trace.note(schedule_.now(), "ended", number_, static_cast<std::uint64_t>(how));
    ended_(*this, how);
  }
}

void WorkerProcess::receive(const std::string&, std::string bytes) {
  after(0, [this, bytes = std::move(bytes)] {
    if (const auto taken = dispatch(bytes); !taken.ok()) {
      services_.oracle.fail(schedule_.now(), "worker refuses a frame: " + taken.error().message);
    }
  });
}

void WorkerProcess::connected_again(const std::string& connection) {
  after(0, [this, connection] {
    if (connection == bulk_) {
      step(BulkConnected{});
    }
  });
}

Result<void> WorkerProcess::dispatch(const std::string& bytes) {
  FD_TRY(const FrameView frame, decode_frame(bytes));
  const std::string run_id(frame.run_id);
  switch (frame.kind) {
    case MessageKind::order: {
      FD_TRY(Order order, decode_order(frame.body));
      step(OrderArrived{run_id, std::move(order)});
      return {};
    }
    case MessageKind::run_spec: {
      FD_TRY(RunSpec spec, decode_run_spec(frame.body));
      step(RunSpecArrived{run_id, std::move(spec)});
      return {};
    }
    case MessageKind::samples: {
      FD_TRY(Samples samples, decode_samples(frame.body));
      if (run_id == core_.run_id()) {
        step(SamplesArrived{std::move(samples)});
      }
      return {};
    }
    case MessageKind::ack: {
      FD_TRY(const Ack ack, decode_ack(frame.body));
      if (run_id == core_.run_id()) {
        step(AckArrived{ack});
      }
      return {};
    }
    case MessageKind::flush_marker: {
      FD_TRY(const FlushMarker marker, decode_flush_marker(frame.body));
      step(FlushMarkerReturned{marker});
      return {};
    }
    default:
      return Error{Errc::invalid_input, "not one for a worker"};
  }
}

void WorkerProcess::step(WorkerEvent event) {
  if (!over_ && alive()) {
    perform(core_.step(now(), std::move(event)));
  }
}

void WorkerProcess::perform(WorkerEffects effects) {
  if (effects.reset) {
    items_.clear();
    waiting_.clear();
    in_flight_ = 0;
    journaling_ = 0;
    configured_ = false;
    ++run_;
    disk_.close();
    services_.teacher.died(incarnation_);  // what is in flight finds nobody
  }
  if (effects.configure) {
    configured_ = true;
  }
  if (effects.slots) {
    slots_ = std::max<std::uint32_t>(*effects.slots, 1);
    send_waiting();
  }
  if (effects.cancel_waiting) {
    cancel_waiting();
  }
  for (StartSample& sample : effects.start) {
    if (boundary()) {
      return;
    }
    begin(std::move(sample));
  }
  if (effects.release) {
    disk_.release(*effects.release);
  }
  if (effects.reconnect) {
    services_.trace.note(schedule_.now(), "reconnect", number_);
    bulk_ = services_.network.connect(number_, *this);
  }
  for (const WorkerMessage& message : effects.send) {
    if (boundary()) {
      return;
    }
    send(message);
  }
  if (effects.reset && !effects.reset->empty()) {
    recover();
  }
  if (effects.exit) {
    end(End::stopped);
    return;
  }
  wake();
}

/// Offers what earlier processes (or this one, when it comes back to the run) had in the journal.
void WorkerProcess::recover() {
  WorkerDisk::Recovered left = disk_.open(*this, incarnation_, [this] { end(End::disk_failed); });
  JournalRecovered event;
  for (Record& record : left.ended) {
    event.entries.push_back({std::move(record), event.entries.size() + 1});
  }
  for (const JournalIntent& intent : left.in_doubt) {
    event.entries.push_back({in_doubt(intent), event.entries.size() + 1});
  }
  step(std::move(event));
}

void WorkerProcess::send(const WorkerMessage& message) {
  if (const auto* deliver = std::get_if<Deliver>(&message)) {
    services_.deliveries[{deliver->incarnation, deliver->epoch, deliver->seq}] = deliver->records;
  }
  services_.network.send_up(std::holds_alternative<WorkerState>(message) ? control_ : bulk_,
                            frame_of(core_.run_id(), message));
}

void WorkerProcess::wake() {
  const Instant due = core_.next_tick();
  if (wake_at_ && *wake_at_ <= due) {
    return;
  }
  wake_at_ = due;
  const std::uint64_t generation = ++wake_generation_;
  const Duration delay = std::max(due - now(), Duration::zero());
  after(simulated(delay), [this, generation] {
    if (generation != wake_generation_) {
      return;
    }
    wake_at_.reset();
    if (configured_) {
      step(GatewayLoad{in_flight_, 0});
    }
    step(WorkerTicked{});
  });
}

// --- pipeline -----------------------------------------------------------------------------------

const Poison* WorkerProcess::poison_of(const Sample& sample) const {
  const Place place = Dataset::place_of(sample.id);
  for (const Poison& poison : services_.plan.poison) {
    if (Place{poison.shard, poison.position} == place) {
      return &poison;
    }
  }
  return nullptr;
}

void WorkerProcess::begin(StartSample sample) {
  Item item;
  item.shard = sample.shard;
  item.fence = sample.fence;
  item.sample = std::move(sample.item.sample);
  const Place place = Dataset::place_of(item.sample.id);
  services_.trace.note(schedule_.now(), "start", number_, place.first, place.second, item.fence);
  if (const Poison* poison = poison_of(item.sample); poison != nullptr && poison->at_start) {
    after(random_.between(0, 3 * kMillisecond), [this] { end(End::poisoned); });
    return;
  }
  const std::uint64_t number = ++last_item_;
  std::vector<Call> calls;
  for (std::uint32_t candidate = 0; candidate < services_.data.candidates(); ++candidate) {
    const Digest key = Dataset::call_key(item.sample, candidate);
    const auto recorded =
        std::find_if(sample.item.answers.begin(), sample.item.answers.end(),
                     [&](const Answer& answer) { return answer.call_key == key; });
    if (recorded != sample.item.answers.end()) {
      item.answers.push_back(*recorded);
    } else {
      calls.push_back({number, candidate, 0});
    }
  }
  item.missing = static_cast<std::uint32_t>(calls.size());
  items_.emplace(number, std::move(item));
  if (calls.empty()) {
    pass_on(number);
  }
  for (const Call& call : calls) {
    submit(call);
  }
}

/// What the journal and the ledger get of a call that ended.
Record WorkerProcess::record_of(const Call& call, const Reply& reply) const {
  const Item& item = items_.at(call.item);
  Record record{item.shard, item.fence, std::nullopt, fd::Call{}, std::nullopt};
  record.call->sample_id = item.sample.id;
  record.call->call_key = Dataset::call_key(item.sample, call.candidate);
  record.call->candidate = call.candidate;
  record.call->attempts = reply.attempts;
  record.call->service_us = reply.serial;  // tells any two requests apart
  if (reply.failure == Reason::none) {
    record.answer = reply.answer;
  } else {
    record.call->error = "refused";
  }
  return record;
}

/// The answer is on disk: it is handed on.
void WorkerProcess::finish_call(const Call& call, const Reply& reply, std::uint64_t journal_seq) {
  if (!disk_.has_end(journal_seq)) {
    services_.oracle.fail(schedule_.now(), "an answer is handed on that is not in the journal");
  }
  Record record = record_of(call, reply);
  Item& item = items_.at(call.item);
  if (record.answer) {
    item.answers.push_back(*record.answer);
  } else {
    item.failure = reply.failure;
  }
  const std::uint64_t run = run_;
  step(RecordReady{std::move(record), false, journal_seq});
  if (run != run_ || !alive()) {
    return;
  }
  if (--item.missing == 0) {
    pass_on(call.item);
  }
}

void WorkerProcess::cancel_call(const Call& call) {
  Item& item = items_.at(call.item);
  item.cancelled = true;
  if (--item.missing == 0) {
    pass_on(call.item);
  }
}

/// All calls of the sample have ended: on to the gates, or out when one was taken back.
void WorkerProcess::pass_on(std::uint64_t number) {
  after(random_.between(kStageMin, kStageMax), [this, number, run = run_] {
    if (run == run_) {
      finish_item(number);
    }
  });
}

void WorkerProcess::finish_item(std::uint64_t number) {
  Item item = std::move(items_.at(number));
  items_.erase(number);
  if (item.cancelled) {
    step(SampleDropped{item.fence, item.sample.id});
    return;
  }
  if (poison_of(item.sample) != nullptr) {
    end(End::poisoned);
    return;
  }
  std::sort(item.answers.begin(), item.answers.end(),
            [](const Answer& a, const Answer& b) { return a.candidate < b.candidate; });
  Record record{item.shard, item.fence, std::nullopt, std::nullopt, std::nullopt};
  record.outcome = services_.data.outcome(item.sample, item.answers, item.failure);
  step(RecordReady{std::move(record), true, 0});
}

}  // namespace fd::sim
