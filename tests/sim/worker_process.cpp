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
  const FromCoordinator from{std::string(frame.run_id), frame.speaker};
  switch (frame.kind) {
    case MessageKind::order: {
      FD_TRY(Order order, decode<Order>(frame.body));
      if (!order.refused.empty() && frame.speaker.incarnation == incarnation_) {
        end(End::refused);
        return {};
      }
      step(OrderArrived{from, std::move(order)});
      return {};
    }
    case MessageKind::run_spec: {
      FD_TRY(RunSpec spec, decode<RunSpec>(frame.body));
      step(RunSpecArrived{from, std::move(spec)});
      return {};
    }
    case MessageKind::samples: {
      FD_TRY(Samples samples, decode<Samples>(frame.body));
      step(SamplesArrived{from, std::move(samples)});
      return {};
    }
    case MessageKind::ack: {
      FD_TRY(const Ack ack, decode<Ack>(frame.body));
      step(AckArrived{from, ack});
      return {};
    }
    case MessageKind::flush_marker: {
      FD_TRY(const FlushMarker marker, decode<FlushMarker>(frame.body));
      step(FlushMarkerReturned{from, marker});
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
    event.entries.push_back({in_doubt_record(intent), event.entries.size() + 1});
  }
  event.incarnations = std::move(left.incarnations);
  step(std::move(event));
}

void WorkerProcess::send(const WorkerMessage& message) {
  if (const auto* deliver = std::get_if<Deliver>(&message)) {
    services_.deliveries[{incarnation_, core_.speaker().start, deliver->seq}] = deliver->records;
  }
  services_.network.send_up(std::holds_alternative<WorkerState>(message) ? control_ : bulk_,
                            frame_of(core_.run_id(), core_.speaker(), message));
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
  std::vector<std::uint32_t> missing;
  for (std::uint32_t call = 0; call < services_.data.calls(); ++call) {
    const Digest key = services_.data.call(item.sample, call).call_key;
    const auto recorded =
        std::find_if(sample.item.answers.begin(), sample.item.answers.end(),
                     [&](const Answer& answer) { return answer.call_key == key; });
    if (recorded != sample.item.answers.end()) {
      item.answers.push_back(*recorded);
    } else {
      missing.push_back(call);
    }
  }
  item.missing = static_cast<std::uint32_t>(missing.size());
  items_.emplace(number, std::move(item));
  if (missing.empty()) {
    pass_on(number);
  }
  ask_for(number, std::move(missing));
}

/// Asks for answers: the teacher's consecutive candidates in one purchase, if the world has them.
void WorkerProcess::ask_for(std::uint64_t item, std::vector<std::uint32_t> missing) {
  std::vector<Call> calls;
  for (const std::uint32_t number : missing) {
    const bool joins = services_.plan.purchases && number < services_.data.candidates() &&
                       !calls.empty() && calls.back().number + calls.back().count == number;
    if (joins) {
      ++calls.back().count;
    } else {
      calls.push_back({item, number, 1, 0});
    }
  }
  for (const Call& call : calls) {
    submit(call);
  }
}

CallIdentity WorkerProcess::identity(const Call& call) const {
  return services_.data.call(items_.at(call.item).sample, call.number);
}

/// What the journal and the ledger get of a call that ended: its answers, the last one with the
/// call.
std::vector<Record> WorkerProcess::records_of(const Call& call, const Reply& reply) const {
  const Item& item = items_.at(call.item);
  std::vector<Record> records(std::max<std::size_t>(reply.answers.size(), 1));
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].shard = item.shard;
    records[i].fence = item.fence;
    if (i < reply.answers.size()) {
      records[i].answer = reply.answers[i];
    }
  }
  fd::Call& ended = records.back().call.emplace();
  static_cast<CallIdentity&>(ended) = identity(call);
  ended.count = call.count;
  ended.fence = item.fence;
  ended.attempts = reply.attempts;
  ended.service_us = reply.serial;  // tells any two calls apart
  ended.end = reply.failure == Reason::none ? CallEnd::answered : CallEnd::refused;
  return records;
}

/// A record is on disk: it is handed on.
void WorkerProcess::hand_on(const Call& call, Record record, std::uint64_t journal_seq) {
  if (!disk_.has_end(journal_seq)) {
    services_.oracle.fail(schedule_.now(), "an answer is handed on that is not in the journal");
  }
  if (record.answer) {
    items_.at(call.item).answers.push_back(*record.answer);
  }
  step(RecordReady{std::move(record), false, journal_seq});
}

/// All that a call brought was handed on. What of a purchase did not come back is asked for again.
void WorkerProcess::finish_call(const Call& call, const Reply& reply) {
  Item& item = items_.at(call.item);
  if (reply.failure != Reason::none) {
    item.failure = reply.failure;
    item.missing -= call.count;
  } else {
    item.missing -= static_cast<std::uint32_t>(reply.answers.size());
    std::vector<std::uint32_t> again;
    for (auto i = static_cast<std::uint32_t>(reply.answers.size()); i < call.count; ++i) {
      again.push_back(call.number + i);
    }
    ask_for(call.item, std::move(again));
  }
  if (item.missing == 0) {
    pass_on(call.item);
  }
}

void WorkerProcess::cancel_call(const Call& call) {
  Item& item = items_.at(call.item);
  item.cancelled = true;
  item.missing -= call.count;
  if (item.missing == 0) {
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
  std::ranges::sort(item.answers, {}, &Answer::order);
  Record record{item.shard, item.fence, {}, {}, {}, {}};
  record.outcome = services_.data.outcome(item.sample, item.answers, item.failure);
  step(RecordReady{std::move(record), true, 0});
}

}  // namespace fd::sim
