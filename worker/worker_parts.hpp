#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/gateway/call_sender.hpp"
#include "actors/pipeline/caf_compat.hpp"
#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "actors/transport/transport.hpp"
#include "worker/pipeline.hpp"
#include "worker/session_parts.hpp"

namespace fd {

struct WorkerPartsOptions {
  std::string journal_directory;  ///< held by this process: see worker/state_folder.hpp
  std::string database_directory;
  std::uint32_t exec_actors = 1;
  std::vector<StageId> stages;  ///< that this worker serves
  /// Makes what sends the calls of a run. Errors: invalid_input, from the config.
  std::function<Result<MakeSenders>(const RunConfig&)> make_senders;
  /// Where requests of other workers come from and replies go; null: none are served.
  Transport* peers = nullptr;
  /// Opens the way to another worker that serves stages.
  PeerConnector connect_peer;
};

/// The parts of a session in the program: files, actors and sockets.
class WorkerParts final : public SessionParts {
 public:
  /// `owner` gets what the stages and servers post. Lifetime: everything passed by reference
  /// outlives the parts.
  WorkerParts(caf::actor_system& system, const Clock& clock, const Log& log,
              WorkerPartsOptions options, caf::actor owner);

  Result<OpenedJournal> open_journal(const JournalIdentity& identity,
                                     std::function<void(const Error&)> failed) override;
  Result<std::unique_ptr<Gateway>> make_gateway(const RunConfig& config, CallJournal& journal,
                                                std::uint64_t seed, ChatCallback callback) override;
  Result<std::unique_ptr<SessionStages>> start_stages(const SessionIdentity& session,
                                                      const RunConfig& config, const Digest& digest,
                                                      GatewayFactory make_gateway) override;
  Result<std::unique_ptr<StageServers>> start_servers(const RunConfig& config) override;
  void reply_to_peer(const std::string& peer, std::string frame) override;

 private:
  caf::actor_system& system_;
  const Clock& clock_;
  const Log& log_;
  WorkerPartsOptions options_;
  caf::actor owner_;
};

}  // namespace fd
