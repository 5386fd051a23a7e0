#include "worker/peer_service.hpp"

#include <algorithm>
#include <utility>

namespace fd {

namespace {

/// Returns the frame that tells a peer to ask elsewhere or later.
std::string not_now(const FrameView& asked, std::uint64_t request_id) {
  return encode_frame(asked.run_id, asked.speaker, StageReply{request_id, {}, true});
}

}  // namespace

Result<void> put_off(SessionParts& parts, const std::string& peer, const FrameView& asked) {
  FD_TRY(const StageRequest request, decode<StageRequest>(asked.body));
  parts.reply_to_peer(peer, not_now(asked, request.id));
  return {};
}

PeerService::PeerService(SessionParts& parts, DatabaseClient& databases,
                         std::unique_ptr<StageServers> servers, PeerServiceOptions options)
    : parts_(parts),
      databases_(databases),
      servers_(std::move(servers)),
      options_(std::move(options)),
      last_ticket_(options_.identity.number << 32) {  // beyond those of earlier sessions
  for (std::uint32_t lane = 0; lane < servers_->lanes(); ++lane) {
    idle_.push_back(lane);
  }
}

PeerService::~PeerService() = default;

Result<void> PeerService::take(const std::string& peer, const FrameView& frame) {
  FD_TRY(StageRequest request, decode<StageRequest>(frame.body));
  if (frame.run_id != options_.identity.run_id ||
      frame.speaker.ledger != options_.identity.speaker.ledger ||
      request.config != options_.config || !serves(request) || waiting_.size() >= kServeQueueMax) {
    parts_.reply_to_peer(peer, not_now(frame, request.id));
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
  job.needs_databases = opens_databases(stages_between(request.stage, request.last));
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

/// Asks for all that are not here. A sample whose database cannot be had fails.
bool PeerService::databases_are_here(Job& job) {
  bool here = true;
  job.pinned.clear();
  for (StageItem& item : job.request->items) {
    if (!job.needs_databases || item.failure) {
      continue;
    }
    switch (databases_.want(item.sample.database)) {
      case DatabaseClient::Presence::here:
        job.pinned.push_back(item.sample.database);
        break;
      case DatabaseClient::Presence::coming:
        here = false;
        break;
      case DatabaseClient::Presence::given_up:
        item.failure = Reason::internal;
        break;
    }
  }
  return here;
}

void PeerService::put_to_work() {
  for (auto job = waiting_.begin(); job != waiting_.end() && !idle_.empty();) {
    if (!databases_are_here(*job)) {
      ++job;
      continue;
    }
    for (const std::string& database : job->pinned) {
      databases_.pin(database);
    }
    job->lane = idle_.back();
    idle_.pop_back();
    const std::uint64_t ticket = ++last_ticket_;
    servers_->serve(job->lane, ticket, std::move(job->request));
    working_.emplace(ticket, std::move(*job));
    job = waiting_.erase(job);
  }
}

bool PeerService::served(std::uint64_t ticket, const StageReply& reply) {
  const auto node = working_.extract(ticket);
  if (node.empty()) {
    return false;
  }
  const Job& job = node.mapped();
  for (const std::string& database : job.pinned) {
    databases_.unpin(database);
  }
  parts_.reply_to_peer(job.peer, encode_frame(options_.identity.run_id, job.speaker, reply));
  samples_served_ += job.samples;
  idle_.push_back(job.lane);
  known_.erase({job.peer, job.id});
  put_to_work();
  return true;
}

void PeerService::say_working() {
  for (auto& [ticket, job] : working_) {
    if (std::exchange(job.long_at_work, true)) {
      const StageReply working{job.id, {}, false, true};
      parts_.reply_to_peer(job.peer, encode_frame(options_.identity.run_id, job.speaker, working));
    }
  }
}

ServingLoad PeerService::load() const {
  return {static_cast<std::uint32_t>(waiting_.size() + working_.size()), samples_served_};
}

}  // namespace fd
