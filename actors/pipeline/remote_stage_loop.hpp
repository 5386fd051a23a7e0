#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/pipeline/peer_scheduler.hpp"
#include "actors/stages/stage.hpp"
#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "actors/transport/transport.hpp"
#include "protocol/messages.hpp"

namespace fd {

struct RemoteStagesOptions {
  std::string run_id;
  Speaker speaker;  ///< of this worker; its start is 0, for it outlives one of a coordinator
  Digest config;    ///< digest of the RunSpec that this worker works by
  std::set<StageId> local;  ///< stages that run in this process
  Duration patience = kPeerPatience;
};

/// What leaves a RemoteStageLoop. Thread: the loop's.
class RemoteStagePorts {
 public:
  RemoteStagePorts() = default;
  virtual ~RemoteStagePorts() = default;
  RemoteStagePorts(const RemoteStagePorts&) = delete;
  RemoteStagePorts& operator=(const RemoteStagePorts&) = delete;
  /// Opens the way to a peer. What comes by it goes to RemoteStageLoop::take() with the peer's
  /// incarnation. Errors: any; the peer is not used then.
  virtual Result<std::unique_ptr<Transport>> connect(const PeerInfo& peer) = 0;
  /// Calls RemoteStageLoop::wake() with this generation when it is `due`.
  virtual void wake_at(Instant due, std::uint64_t generation) = 0;
  /// Hands on samples that need the stage `next`.
  virtual void hand_on(StageId next, std::vector<WorkItem> items) = 0;
};

/// Has samples pass the stages that only peers serve: decodes what peers send, steps PeerScheduler,
/// and performs its effects in their order. The leases stay with this worker: a peer that dies
/// costs a sample nothing but time. The program (actors/pipeline/remote_stage.hpp) and the
/// simulation both run it. Thread: one at a time.
class RemoteStageLoop {
 public:
  /// Lifetime: everything passed by reference outlives the loop.
  RemoteStageLoop(const Clock& clock, const Log& log, RemoteStagePorts& ports,
                  RemoteStagesOptions options);

  /// The other workers from now on.
  void use_peers(std::vector<PeerInfo> peers) { step(PeersPublished{std::move(peers)}); }
  /// Takes samples that need `stage` next, and that were let go at `sent`. Those on their way to
  /// their calls (WorkItem::to_ask) need no stage behind it: they are handed on to
  /// StageId::teacher. One too large for a frame fails (Reason::internal). Requires: all of them
  /// are on that way, or none is.
  void take(StageId stage, std::vector<WorkItem> items, Instant sent);
  /// Takes a frame of the peer of this incarnation.
  void take(std::uint64_t peer, std::string_view frame);
  /// Hands on what frames have brought. Due behind the last of those that came together.
  void flush();
  void wake(std::uint64_t generation);
  /// Ends all connections.
  void close() { connections_.clear(); }

 private:
  struct Item {
    WorkItem item;
    Instant sent;
  };
  Result<void> dispatch(std::uint64_t peer, std::string_view bytes);
  void step(PeerSchedulerEvent event, StageReply* reply = nullptr);
  void connect(const PeerInfo& peer);
  void send(const AskPeer& ask);
  void finish(const WorkServed& served, StageReply& reply);
  void plan_wake();

  const Clock& clock_;
  const Log& log_;
  RemoteStagePorts& ports_;
  const RemoteStagesOptions options_;
  PeerScheduler scheduler_;
  std::map<std::uint64_t, std::unique_ptr<Transport>> connections_;  ///< by incarnation
  std::map<std::uint64_t, Item> items_;
  std::map<StageId, std::vector<WorkItem>> finished_;  ///< by the stage they need next
  std::uint64_t last_number_ = 0;
  std::optional<Instant> wake_at_;
  std::uint64_t generation_ = 0;
};

}  // namespace fd
