#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "actors/pipeline/remote_stage_loop.hpp"
#include "actors/pipeline/route.hpp"

namespace fd {

/// The other workers from now on.
struct PeersKnown {
  std::shared_ptr<std::vector<PeerInfo>> peers;
};
/// Where samples go that need a stage next, by stage: the first message of the remote stages.
struct UseTargets {
  std::map<StageId, Route> targets;
};
/// Samples on their way to a stage that others serve.
struct RemoteWork {
  StageId stage = StageId::exec;
  WorkBatch batch;
};
/// What a peer sent.
struct PeerFrames {
  std::uint64_t peer = 0;
  std::shared_ptr<std::vector<Incoming>> frames;
};
struct RemoteWake {
  std::uint64_t generation = 0;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::PeersKnown)
FD_ACTOR_MESSAGE(fd::UseTargets)
FD_ACTOR_MESSAGE(fd::RemoteWork)
FD_ACTOR_MESSAGE(fd::PeerFrames)
FD_ACTOR_MESSAGE(fd::RemoteWake)

namespace fd {

/// Opens the way to a peer.
using PeerConnector =
    std::function<Result<std::unique_ptr<Transport>>(const PeerInfo& peer, ReceiveCallback)>;

/// Starts the actor around RemoteStageLoop. It gets UseTargets first, PeersKnown whenever the peers
/// change, and samples by way of proxies. Lifetime: `clock` and `log` outlive the actor.
caf::actor spawn_remote_stages(caf::actor_system& system, const Clock& clock, const Log& log,
                               RemoteStagesOptions options, PeerConnector connect);

/// Starts the proxy of a pure stage that peers serve: a Route target like any stage actor, which
/// hands on to `remote`. Requires: `stage` is one of peer_stages().
caf::actor spawn_proxy(caf::actor_system& system, StageId stage, caf::actor remote);

}  // namespace fd
