#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/gateway/gateway.hpp"
#include "actors/journal/call_journal.hpp"
#include "actors/journal/journal_recovery.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_config.hpp"

// What a run at a worker is made of, as RunSession sees it. The program makes these of threads,
// sockets and files (worker/worker_parts.hpp), the simulation of events.

namespace fd {

/// Makes the gateway of a run.
using GatewayFactory =
    std::function<Result<std::unique_ptr<Gateway>>(const RunConfig& config, ChatCallback callback)>;

/// Whom a session works for: it stands in frames to peers, in the journal and in work items.
struct SessionIdentity {
  std::uint64_t number = 0;  ///< WorkItem::run: which of this process's sessions it is
  std::string run_id;
  Speaker speaker;  ///< its start is 0: a session outlives one start of a coordinator
};

/// The journal of a run, and what earlier processes left in it.
struct OpenedJournal {
  RecoveredJournal found;
  std::unique_ptr<CallJournal> journal;
};

/// The stages of a run. Ended when destroyed, the gateway with them: what is in flight is given up.
class SessionStages {
 public:
  SessionStages() = default;
  virtual ~SessionStages() = default;
  SessionStages(const SessionStages&) = delete;
  SessionStages& operator=(const SessionStages&) = delete;
  /// Takes samples whose databases are here. Records, finished and dropped samples come back
  /// through WorkerLoop::record(), finish() and drop().
  virtual void take(std::vector<WorkItem> items) = 0;
  /// The other workers from now on.
  virtual void use_peers(std::vector<PeerInfo> peers) = 0;
  virtual Gateway& gateway() = 0;
  /// Returns the gateway's load, and the calls of samples that are on their way to it.
  [[nodiscard]] virtual CallLoad load() const = 0;
  /// The worker is to leave: what takes long is given up, undecided, and comes back dropped.
  virtual void hurry() {}
};

/// What runs the stages of other workers' requests, up to lanes() requests at a time. Ended when
/// destroyed.
class StageServers {
 public:
  StageServers() = default;
  virtual ~StageServers() = default;
  StageServers(const StageServers&) = delete;
  StageServers& operator=(const StageServers&) = delete;
  [[nodiscard]] virtual std::uint32_t lanes() const = 0;
  /// Runs a request. `ticket` comes back with the reply through WorkerLoop::served(). Requires:
  /// nothing else runs in this lane.
  virtual void serve(std::uint32_t lane, std::uint64_t ticket,
                     std::shared_ptr<StageRequest> request) = 0;
  /// The worker is to leave: what takes long is given up, and replied to with "not now".
  virtual void hurry() {}
};

/// Makes the parts of a session. Thread: that of the worker's loop.
class SessionParts {
 public:
  SessionParts() = default;
  virtual ~SessionParts() = default;
  SessionParts(const SessionParts&) = delete;
  SessionParts& operator=(const SessionParts&) = delete;

  /// Opens the journal of a run, having read what is there. `failed` is called once, on the
  /// journal's thread, when the disk failed. Errors: as read_journal() and AnswerJournal::open().
  virtual Result<OpenedJournal> open_journal(const JournalIdentity& identity,
                                             std::function<void(const Error&)> failed) = 0;
  /// Makes the gateway of a run over its journal. `seed` feeds the backoff's jitter. Errors:
  /// invalid_input, from the config.
  virtual Result<std::unique_ptr<Gateway>> make_gateway(const RunConfig& config,
                                                        CallJournal& journal, std::uint64_t seed,
                                                        ChatCallback callback) = 0;
  /// Starts the stages of a worker that takes leases. `make_gateway` makes the gateway that they
  /// ask. Errors: invalid_input, from the config.
  virtual Result<std::unique_ptr<SessionStages>> start_stages(const SessionIdentity& session,
                                                              const RunConfig& config,
                                                              const Digest& digest,
                                                              GatewayFactory make_gateway) = 0;
  /// Starts what serves other workers; null: none are served. Errors: invalid_input.
  virtual Result<std::unique_ptr<StageServers>> start_servers(const RunConfig& config) = 0;
  /// Sends a frame to another worker that asked.
  virtual void reply_to_peer(const std::string& peer, std::string frame) = 0;
};

}  // namespace fd
