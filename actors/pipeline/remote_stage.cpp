#include "actors/pipeline/remote_stage.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "protocol/frame.hpp"

namespace fd {
namespace {

/// A request is far below a frame's limit, and so is the reply, which has less in it.
constexpr std::size_t kSampleBytesMax = kMaxFrameBytes / 2;

StageItem stage_item(const WorkItem& item) {
  return {item.sample, item.answers, item.candidates, item.gold_failed, item.failure};
}

class RemoteStages {
 public:
  RemoteStages(caf::event_based_actor* self, const Clock& clock, const Log& log,
               RemoteStagesOptions options)
      : self_(self),
        clock_(clock),
        log_(log),
        options_(std::move(options)),
        scheduler_({options_.local, options_.patience}) {}

  void use(UseTargets& use) {
    for (auto& [stage, targets] : use.targets) {
      routes_.emplace(stage, std::move(targets));
    }
  }

  void take(const PeersKnown& known) { step(PeersPublished{*known.peers}); }

  void take(RemoteWork& work) {
    WorkQueued queued;
    queued.stage = work.stage;
    for (WorkItem& item : *work.batch.items) {
      const std::size_t bytes = encoded_size_bound(stage_item(item));
      if (bytes > kSampleBytesMax) {
        log_.warn("sample_too_large", {{"sample", item.sample.id.hex()}});
        item.failure = Reason::internal;
        hand_on(StageId::select, std::move(item));
        continue;
      }
      queued.samples.push_back({++last_number_, bytes});
      items_.emplace(last_number_, Item{std::move(item), work.batch.sent});
    }
    flush();
    step(std::move(queued));
  }

  void take(const PeerFrames& in) {
    for (const Incoming& incoming : *in.frames) {
      if (const auto taken = take(in.peer, incoming.bytes); !taken.ok()) {
        log_.warn("peer_message_refused", {{"why", taken.error().message}});
      }
    }
    flush();
  }

  void wake(std::uint64_t generation) {
    if (generation == generation_) {
      wake_at_.reset();
      step(PeerSchedulerTicked{});
    }
  }

  void close() { connections_.clear(); }

 private:
  struct Item {
    WorkItem item;
    Instant sent;
  };

  Result<void> take(std::uint64_t peer, std::string_view bytes) {
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

  void step(PeerSchedulerEvent event, StageReply* reply = nullptr) {
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

  void connect(const PeerInfo& peer) {
    auto made =
        options_.connect(peer, [self = caf::actor_cast<caf::actor>(self_),
                                incarnation = peer.incarnation](std::vector<Incoming> frames) {
          act::post(self, PeerFrames{incarnation,
                                     std::make_shared<std::vector<Incoming>>(std::move(frames))});
        });
    if (!made.ok()) {
      log_.warn("peer_refused", {{"peer", peer.name}, {"why", made.error().message}});
      return;  // what it is asked is asked again elsewhere
    }
    log_.info("peer", {{"name", peer.name}, {"endpoint", peer.endpoint}});
    connections_[peer.incarnation] = std::move(made).value();
  }

  void send(const AskPeer& ask) {
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
  void finish(const WorkServed& served, StageReply& reply) {
    const Instant now = clock_.now();
    const std::optional<StageId> next = next_stage(served.last);
    FD_CHECK(next.has_value());  // select is never a peer's
    for (std::size_t i = 0; i < served.samples.size(); ++i) {
      const auto found = items_.find(served.samples[i]);
      WorkItem item = std::move(found->second.item);
      auto left = static_cast<std::uint64_t>(
          std::max<Duration::rep>((now - found->second.sent).count(), 0));
      items_.erase(found);
      StageEvidence& evidence = reply.items[i];
      item.candidates = std::move(evidence.candidates);
      item.gold_failed = evidence.gold_failed;
      item.failure = evidence.failure;
      for (const StageTime& time : evidence.times) {
        left -= std::min(left, time.service_us);
      }
      evidence.times.front().queue_us = left;
      item.times.insert(item.times.end(), evidence.times.begin(), evidence.times.end());
      hand_on(*next, std::move(item));
    }
  }

  void hand_on(StageId next, WorkItem item) { finished_[next].push_back(std::move(item)); }

  void flush() {
    for (auto& [stage, items] : std::exchange(finished_, {})) {
      routes_.at(stage).send(
          {std::make_shared<std::vector<WorkItem>>(std::move(items)), clock_.now()});
    }
  }

  void plan_wake() {
    const auto due = scheduler_.next_tick();
    if (!due || (wake_at_ && *wake_at_ <= *due)) {
      return;
    }
    wake_at_ = due;
    act::post_later(self_, std::max(*due - clock_.now(), Duration::zero()),
                    RemoteWake{++generation_});
  }

  caf::event_based_actor* self_;
  const Clock& clock_;
  const Log& log_;
  RemoteStagesOptions options_;
  PeerScheduler scheduler_;
  std::map<StageId, Route> routes_;
  std::map<std::uint64_t, std::unique_ptr<Transport>> connections_;  ///< by incarnation
  std::map<std::uint64_t, Item> items_;
  std::map<StageId, std::vector<WorkItem>> finished_;  ///< by the stage they need next
  std::uint64_t last_number_ = 0;
  std::optional<Instant> wake_at_;
  std::uint64_t generation_ = 0;
};

caf::behavior remote_stages(caf::event_based_actor* self, const Clock* clock, const Log* log,
                            std::shared_ptr<RemoteStagesOptions> options) {
  act::end_process_on_exception(self, "remote stages");
  auto remote = std::make_shared<RemoteStages>(self, *clock, *log, std::move(*options));
  self->attach_functor([remote] { remote->close(); });
  return {[remote](UseTargets& use) { remote->use(use); },
          [remote](const PeersKnown& known) { remote->take(known); },
          [remote](RemoteWork& work) { remote->take(work); },
          [remote](const PeerFrames& in) { remote->take(in); },
          [remote](const RemoteWake& wake) { remote->wake(wake.generation); }};
}

caf::behavior proxy(caf::event_based_actor* self, StageId stage, caf::actor remote) {
  act::end_process_on_exception(self, "stand-in");
  return {[=](WorkBatch& batch) { act::post(remote, RemoteWork{stage, std::move(batch)}); }};
}

}  // namespace

caf::actor spawn_remote_stages(caf::actor_system& system, const Clock& clock, const Log& log,
                               RemoteStagesOptions options) {
  return system.spawn(remote_stages, &clock, &log,
                      std::make_shared<RemoteStagesOptions>(std::move(options)));
}

caf::actor spawn_proxy(caf::actor_system& system, StageId stage, caf::actor remote) {
  FD_CHECK(runs_at_peers(stage));
  return system.spawn(proxy, stage, std::move(remote));
}

}  // namespace fd
