#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/gateway/gateway.hpp"
#include "actors/pipeline/remote_stage.hpp"
#include "actors/stages/exec.hpp"
#include "actors/system/clock.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"
#include "worker/session_parts.hpp"
#include "worker/statement_watch.hpp"

namespace fd {

struct PipelineOptions {
  std::uint32_t exec_actors = 1;  ///< how many samples run SQL at the same time
  SandboxOpener open_database;
  std::shared_ptr<StatementWatch> watch;  ///< of what `open_database` gives
  GatewayFactory make_gateway;
  RemoteStagesOptions remote;  ///< of the stages that do not run here
  PeerConnector connect_peer;  ///< opens the way to those that serve them
};

/// The stage actors of one run on a worker that takes leases, joined: teacher, then pure_stages().
/// A sample with gold passes exec first, where gates.exec.bad_gold asks for that.
/// A pure stage that is not in `PipelineOptions::remote.local` is a proxy for
/// those at other workers. Paid answers (CallDone), dropped samples (WorkDropped) and finished ones
/// (WorkBatch with outcomes) go to `sink`.
class Pipeline final : public SessionStages {
 public:
  /// Errors: invalid_input, from the config. Lifetime: `system`, `clock` and `log` outlive the
  /// pipeline.
  static Result<std::unique_ptr<Pipeline>> start(caf::actor_system& system, const Clock& clock,
                                                 const Log& log, const RunConfig& config,
                                                 PipelineOptions options, const caf::actor& sink);
  /// Ends the actors, and has ended the gateway when it returns. What is under way is given up.
  ~Pipeline() override;

  void take(std::vector<WorkItem> items) override;
  void use_peers(std::vector<PeerInfo> peers) override;
  Gateway& gateway() override { return *gateway_; }
  [[nodiscard]] CallLoad load() const override;
  void hurry() override;

 private:
  Pipeline(const Clock& clock, RunConfig config, std::shared_ptr<StatementWatch> watch)
      : clock_(clock), config_(std::move(config)), watch_(std::move(watch)) {}
  const Clock& clock_;
  const RunConfig config_;
  std::shared_ptr<StatementWatch> watch_;  // shared with the sandboxes, whoever they end with
  std::vector<caf::actor> stages_;
  caf::actor teacher_;
  std::optional<Route> exec_;         ///< the way to the exec stage, wherever that runs
  caf::actor remote_;                 ///< null: every stage runs here
  std::shared_ptr<Gateway> gateway_;  // shared with the teacher stage
  /// Held by every sample on its way to its calls (WorkItem::to_ask), so that a worker whose
  /// samples are there does not seem to need no calls.
  std::shared_ptr<const CallsToCome> to_come_ = std::make_shared<CallsToCome>();
};

}  // namespace fd
