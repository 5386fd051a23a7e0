#include "worker/worker_parts.hpp"

#include <utility>

#include "actors/gateway/call_gateway.hpp"
#include "actors/journal/answer_journal.hpp"
#include "actors/pipeline/stage_server.hpp"
#include "actors/stages/registry.hpp"

namespace fd {
namespace {

/// An actor for each lane.
class StageServerActors final : public StageServers {
 public:
  explicit StageServerActors(std::shared_ptr<StatementWatch> watch) : watch_(std::move(watch)) {}
  ~StageServerActors() override {
    watch_->stop();
    for (const caf::actor& server : servers_) {
      caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
    }
  }
  void add(caf::actor server) { servers_.push_back(std::move(server)); }
  [[nodiscard]] std::uint32_t lanes() const override {
    return static_cast<std::uint32_t>(servers_.size());
  }
  void serve(std::uint32_t lane, std::uint64_t ticket,
             std::shared_ptr<StageRequest> request) override {
    act::post(servers_.at(lane), ServeStages{ticket, std::move(request)});
  }
  void hurry() override { watch_->hurry(); }

 private:
  std::shared_ptr<StatementWatch> watch_;  // shared with the sandboxes, whoever they end with
  std::vector<caf::actor> servers_;
};

}  // namespace

WorkerParts::WorkerParts(caf::actor_system& system, const Clock& clock, const Log& log,
                         WorkerPartsOptions options, caf::actor owner)
    : system_(system),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      owner_(std::move(owner)) {}

Result<OpenedJournal> WorkerParts::open_journal(const JournalIdentity& identity,
                                                std::function<void(const Error&)> failed) {
  OpenedJournal opened;
  FD_TRY(opened.found, read_journal(options_.journal_directory, identity.run_id));
  AnswerJournalOptions options;
  options.on_failure = std::move(failed);
  FD_TRY(opened.journal, AnswerJournal::open(options_.journal_directory, identity, opened.found,
                                             std::move(options)));
  return opened;
}

Result<std::unique_ptr<Gateway>> WorkerParts::make_gateway(const RunConfig& config,
                                                           CallJournal& journal, std::uint64_t seed,
                                                           ChatCallback callback) {
  FD_TRY(const MakeSenders make_senders, options_.make_senders(config));
  return std::unique_ptr<Gateway>(
      std::make_unique<CallGateway>(journal, clock_, CallGatewayOptions{config.gateway, 0, seed},
                                    make_senders, std::move(callback)));
}

Result<std::unique_ptr<SessionStages>> WorkerParts::start_stages(const SessionIdentity& session,
                                                                 const RunConfig& config,
                                                                 const Digest& digest,
                                                                 GatewayFactory make_gateway) {
  PipelineOptions options;
  options.exec_actors = options_.exec_actors;
  options.watch = std::make_shared<StatementWatch>(clock_, log_);
  options.open_database = watched_opener(options_.database_directory, options.watch);
  options.make_gateway = std::move(make_gateway);
  options.remote.run_id = session.run_id;
  options.remote.speaker = session.speaker;
  options.remote.config = digest;
  options.remote.local = {options_.stages.begin(), options_.stages.end()};
  options.connect_peer = options_.connect_peer;
  FD_TRY(std::unique_ptr<Pipeline> pipeline,
         Pipeline::start(system_, clock_, log_, config, std::move(options), owner_));
  return std::unique_ptr<SessionStages>(std::move(pipeline));
}

Result<std::unique_ptr<StageServers>> WorkerParts::start_servers(const RunConfig& config) {
  const auto watch = std::make_shared<StatementWatch>(clock_, log_);
  auto servers = std::make_unique<StageServerActors>(watch);
  const SandboxOpener open_database = watched_opener(options_.database_directory, watch);
  const auto golds = std::make_shared<GoldCache>();
  for (std::uint32_t i = 0; i < options_.exec_actors; ++i) {
    FD_TRY(std::vector<std::unique_ptr<Stage>> stages, make_stages(config, open_database, golds));
    servers->add(spawn_stage_server(system_, std::move(stages), clock_, owner_));
  }
  return std::unique_ptr<StageServers>(std::move(servers));
}

void WorkerParts::reply_to_peer(const std::string& peer, std::string frame) {
  options_.peers->send(peer, std::move(frame));
}

}  // namespace fd
