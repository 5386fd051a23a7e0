#include "actors/pipeline/remote_stage_loop.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base/mutant.hpp"
#include "protocol/frame.hpp"

namespace fd {
namespace {

/// A request fits into a frame, and so does the reply, which repeats an answer's text at most.
constexpr std::size_t kSampleBytesMax = kMaxFrameBytes - 2 * kMaxBesideBytes;

StageItem stage_item(const WorkItem& item) {
  return {item.sample, item.answers, item.candidates, item.gold_failed, item.failure};
}

}  // namespace

RemoteStageLoop::RemoteStageLoop(const Clock& clock, const Log& log, RemoteStagePorts& ports,
                                 RemoteStagesOptions options)
    : clock_(clock),
      log_(log),
      ports_(ports),
      options_(std::move(options)),
      scheduler_({options_.local, options_.patience}) {}

void RemoteStageLoop::take(StageId stage, std::vector<WorkItem> items, Instant sent) {
  WorkQueued queued;
  queued.stage = stage;
  queued.alone = !items.empty() && items.front().to_ask != nullptr;
  for (WorkItem& item : items) {
    const std::size_t bytes = encoded_size_bound(stage_item(item));
    if (bytes > kSampleBytesMax) {
      log_.warn("sample_too_large", {{"sample", item.sample.id.hex()}});
      item.failure = Reason::internal;
      finished_[StageId::select].push_back(std::move(item));
      continue;
    }
    queued.samples.push_back({++last_number_, bytes});
    items_.emplace(last_number_, Item{std::move(item), sent});
  }
  flush();
  step(std::move(queued));
}

void RemoteStageLoop::take(std::uint64_t peer, std::string_view frame) {
  if (const auto taken = dispatch(peer, frame); !taken.ok()) {
    log_.warn("peer_message_refused", {{"why", taken.error().message}});
  }
}

Result<void> RemoteStageLoop::dispatch(std::uint64_t peer, std::string_view bytes) {
  FD_TRY(const FrameView frame, decode_frame(bytes));
  if (frame.kind != MessageKind::stage_reply || frame.run_id != options_.run_id ||
      frame.speaker != options_.speaker) {
    return Error{Errc::invalid_input, "message: no stage reply of this run"};
  }
  FD_TRY(StageReply reply, decode<StageReply>(frame.body));
  PeerReplied event{peer, reply.id, reply.not_now, {}, reply.working};
  for (const StageEvidence& evidence : reply.items) {
    std::vector<StageId>& stages = event.stages.emplace_back();
    for (const StageTime& time : evidence.times) {
      stages.push_back(time.stage);
    }
  }
  step(std::move(event), &reply);
  return {};
}

void RemoteStageLoop::wake(std::uint64_t generation) {
  if (generation == generation_) {
    wake_at_.reset();
    step(PeerSchedulerTicked{});
  }
}

void RemoteStageLoop::step(PeerSchedulerEvent event, StageReply* reply) {
  PeerSchedulerEffects effects = scheduler_.step(clock_.now(), std::move(event));
  for (const std::uint64_t peer : effects.disconnect) {
    connections_.erase(peer);
  }
  for (const PeerInfo& peer : effects.connect) {
    connect(peer);
  }
  if (effects.served) {
    FD_CHECK(reply != nullptr);
    finish(*effects.served, *reply);
  }
  for (const AskPeer& ask : effects.ask) {
    send(ask);
  }
  plan_wake();
}

void RemoteStageLoop::connect(const PeerInfo& peer) {
  auto made = ports_.connect(peer);
  if (!made.ok()) {
    log_.warn("peer_refused", {{"peer", peer.name}, {"why", made.error().message}});
    return;  // what it is asked is asked again elsewhere
  }
  log_.info("peer", {{"name", peer.name}, {"endpoint", peer.endpoint}});
  connections_[peer.incarnation] = std::move(made).value();
}

void RemoteStageLoop::send(const AskPeer& ask) {
  const auto connection = connections_.find(ask.peer);
  if (connection == connections_.end()) {
    return;
  }
  StageRequest request;
  request.id = ask.ask;
  request.stage = ask.first;
  request.last = ask.last;
  request.config = options_.config;
  for (const std::uint64_t number : ask.samples) {
    request.items.push_back(stage_item(items_.at(number).item));
  }
  connection->second->send("", encode_frame(options_.run_id, options_.speaker, request));
}

/// Puts the evidence into the samples. What of the time since they came was not service is the
/// first stage's queue time. The scheduler has seen to it that the stages that ran are those that
/// were asked for.
void RemoteStageLoop::finish(const WorkServed& served, StageReply& reply) {
  const Instant now = clock_.now();
  const std::optional<StageId> next = next_stage(served.last);
  FD_CHECK(next.has_value());  // select is never a peer's
  for (std::size_t i = 0; i < served.samples.size(); ++i) {
    const auto found = items_.find(served.samples[i]);
    WorkItem item = std::move(found->second.item);
    auto left =
        static_cast<std::uint64_t>(std::max<Duration::rep>((now - found->second.sent).count(), 0));
    items_.erase(found);
    StageEvidence& evidence = reply.items[i];
    item.candidates = std::move(evidence.candidates);
    item.gold_failed = evidence.gold_failed;
    item.failure = evidence.failure;
    for (const StageTime& time : evidence.times) {
      left -= std::min(left, time.service_us);
    }
    evidence.times.front().queue_us = left;
    for (const StageTime& time : evidence.times) {
      add_time(item, time);
    }
    finished_[item.to_ask ? StageId::teacher : *next].push_back(std::move(item));
  }
}

void RemoteStageLoop::flush() {
  for (auto& [stage, items] : std::exchange(finished_, {})) {
    ports_.hand_on(stage, std::move(items));
  }
}

void RemoteStageLoop::plan_wake() {
  const auto due = scheduler_.next_tick();
  if (!due || (wake_at_ && *wake_at_ <= *due)) {
    return;
  }
  wake_at_ = due;
  ports_.wake_at(*due, ++generation_);
}

}  // namespace fd
