#include "actors/pipeline/remote_stage.hpp"

#include <algorithm>
#include <utility>

namespace fd {
namespace {

/// The ports of RemoteStageLoop: transports, CAF's timer, and the routes to the next stages.
class RemoteStages final : public RemoteStagePorts {
 public:
  RemoteStages(caf::event_based_actor* self, const Clock& clock, const Log& log,
               RemoteStagesOptions options, PeerConnector connect)
      : self_(self),
        clock_(clock),
        connect_(std::move(connect)),
        loop_(clock, log, *this, std::move(options)) {}

  RemoteStageLoop& loop() { return loop_; }

  void use(UseTargets& use) {
    for (auto& [stage, targets] : use.targets) {
      routes_.emplace(stage, std::move(targets));
    }
  }

  Result<std::unique_ptr<Transport>> connect(const PeerInfo& peer) override {
    return connect_(peer, [self = caf::actor_cast<caf::actor>(self_),
                           incarnation = peer.incarnation](std::vector<Incoming> frames) {
      act::post(self, PeerFrames{incarnation,
                                 std::make_shared<std::vector<Incoming>>(std::move(frames))});
    });
  }
  void wake_at(Instant due, std::uint64_t generation) override {
    act::post_later(self_, std::max(due - clock_.now(), Duration::zero()), RemoteWake{generation});
  }
  void hand_on(StageId next, std::vector<WorkItem> items) override {
    routes_.at(next).send(
        {std::make_shared<std::vector<WorkItem>>(std::move(items)), clock_.now()});
  }

 private:
  caf::event_based_actor* self_;
  const Clock& clock_;
  PeerConnector connect_;
  std::map<StageId, Route> routes_;
  RemoteStageLoop loop_;
};

caf::behavior remote_stages(caf::event_based_actor* self, const Clock* clock, const Log* log,
                            std::shared_ptr<RemoteStagesOptions> options, PeerConnector connect) {
  act::end_process_on_exception(self, "remote stages");
  auto remote =
      std::make_shared<RemoteStages>(self, *clock, *log, std::move(*options), std::move(connect));
  RemoteStageLoop& loop = remote->loop();
  self->attach_functor([remote] { remote->loop().close(); });
  return {[remote](UseTargets& use) { remote->use(use); },
          [&loop](const PeersKnown& known) { loop.use_peers(*known.peers); },
          [&loop](RemoteWork& work) {
            loop.take(work.stage, std::move(*work.batch.items), work.batch.sent);
          },
          [&loop](const PeerFrames& in) {
            for (const Incoming& incoming : *in.frames) {
              loop.take(in.peer, incoming.bytes);
            }
            loop.flush();
          },
          [&loop](const RemoteWake& wake) { loop.wake(wake.generation); }};
}

caf::behavior proxy(caf::event_based_actor* self, StageId stage, caf::actor remote) {
  act::end_process_on_exception(self, "stand-in");
  return {[=](WorkBatch& batch) { act::post(remote, RemoteWork{stage, std::move(batch)}); }};
}

}  // namespace

caf::actor spawn_remote_stages(caf::actor_system& system, const Clock& clock, const Log& log,
                               RemoteStagesOptions options, PeerConnector connect) {
  return system.spawn(remote_stages, &clock, &log,
                      std::make_shared<RemoteStagesOptions>(std::move(options)),
                      std::move(connect));
}

caf::actor spawn_proxy(caf::actor_system& system, StageId stage, caf::actor remote) {
  FD_CHECK(runs_at_peers(stage));
  return system.spawn(proxy, stage, std::move(remote));
}

}  // namespace fd
