#include "worker/peer_service.hpp"

#include <algorithm>

#include "actors/stages/registry.hpp"
#include "protocol/frame.hpp"

namespace fd {
namespace {

bool needs_databases(const StageRequest& request) {
  return opens_databases(stages_between(request.stage, request.last));
}

}  // namespace

PeerService::PeerService(Transport& transport, DatabaseClient& databases,
                         PeerServiceOptions options)
    : transport_(transport),
      databases_(databases),
      options_(std::move(options)),
      last_ticket_(options_.tickets_from) {}

Result<std::unique_ptr<PeerService>> PeerService::start(
    caf::actor_system& system, const Clock& clock, const RunConfig& config, Transport& transport,
    DatabaseClient& databases, PeerServiceOptions options, const caf::actor& owner) {
  std::unique_ptr<PeerService> service(new PeerService(transport, databases, std::move(options)));
  for (std::uint32_t i = 0; i < service->options_.threads; ++i) {
    FD_TRY(std::vector<std::unique_ptr<Stage>> stages,
           make_stages(config, service->options_.open_database));
    service->servers_.push_back(spawn_stage_server(system, std::move(stages), clock, owner));
  }
  service->idle_ = service->servers_;
  return service;
}

PeerService::~PeerService() {
  for (const auto& [ticket, job] : working_) {
    for (const std::string& database : job.databases) {
      databases_.unpin(database);
    }
  }
  for (const caf::actor& server : servers_) {
    caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
  }
}

void PeerService::say_not_now(Transport& transport, const PeerId& peer, const FrameView& asked,
                              std::uint64_t request_id) {
  transport.send(peer, encode_frame(asked.run_id, asked.speaker, StageReply{request_id, {}, true}));
}

Result<void> PeerService::take(const PeerId& peer, const FrameView& frame) {
  FD_TRY(StageRequest request, decode<StageRequest>(frame.body));
  if (frame.run_id != options_.run_id || frame.speaker.ledger != options_.ledger ||
      request.config != options_.config || !serves(request) || waiting_.size() >= kServeQueueMax) {
    say_not_now(transport_, peer, frame, request.id);
    return {};
  }
  if (!known_.emplace(peer, request.id).second) {
    return {};
  }
  Job job;
  job.peer = peer;
  job.speaker = frame.speaker;
  job.id = request.id;
  job.samples = request.items.size();
  if (needs_databases(request)) {
    std::set<std::string> databases;
    for (const StageItem& item : request.items) {
      databases.insert(item.sample.database);
    }
    job.databases.assign(databases.begin(), databases.end());
  }
  job.request = std::make_shared<StageRequest>(std::move(request));
  waiting_.push_back(std::move(job));
  put_to_work();
  return {};
}

bool PeerService::serves(const StageRequest& request) const {
  const std::vector<StageId> asked = stages_between(request.stage, request.last);
  return !asked.empty() && std::ranges::all_of(asked, [&](StageId stage) {
    return runs_at_peers(stage) && has_stage(options_.stages, stage);
  });
}

/// Asks for all that are not here.
bool PeerService::databases_are_here(const Job& job) {
  bool here = true;
  for (const std::string& database : job.databases) {
    here = !databases_.missing(database) && here;
  }
  return here;
}

void PeerService::put_to_work() {
  for (auto job = waiting_.begin(); job != waiting_.end() && !idle_.empty();) {
    if (!databases_are_here(*job)) {
      ++job;
      continue;
    }
    for (const std::string& database : job->databases) {
      databases_.pin(database);
    }
    job->server = idle_.back();
    idle_.pop_back();
    const std::uint64_t ticket = ++last_ticket_;
    act::post(job->server, ServeStages{ticket, std::move(job->request)});
    working_.emplace(ticket, std::move(*job));
    job = waiting_.erase(job);
  }
}

bool PeerService::served(const StagesServed& served) {
  const auto found = working_.find(served.ticket);
  if (found == working_.end()) {
    return false;
  }
  const Job& job = found->second;
  for (const std::string& database : job.databases) {
    databases_.unpin(database);
  }
  transport_.send(job.peer, encode_frame(options_.run_id, job.speaker, *served.reply));
  samples_served_ += job.samples;
  idle_.push_back(job.server);
  known_.erase({job.peer, job.id});
  working_.erase(found);
  put_to_work();
  return true;
}

void PeerService::database_arrived() {
  put_to_work();
}

ServingLoad PeerService::load() const {
  return {static_cast<std::uint32_t>(waiting_.size() + working_.size()), samples_served_};
}

}  // namespace fd
