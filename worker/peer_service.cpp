#include "worker/peer_service.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "protocol/base/mutant.hpp"

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
  const bool other_config =
      request.config != options_.config && !FD_MUTANT(batch_of_other_config_served);
  if (frame.run_id != options_.identity.run_id ||
      frame.speaker.ledger != options_.identity.speaker.ledger || other_config ||
      !serves(request) || jobs_.size() >= kServeQueueMax) {
    parts_.reply_to_peer(peer, not_now(frame, request.id));
    return {};
  }
  const auto [job, fresh] = jobs_.try_emplace({peer, request.id});
  if (!fresh) {
    return {};
  }
  job->second.speaker = frame.speaker;
  job->second.reply.id = request.id;
  job->second.reply.items.resize(request.items.size());
  job->second.missing = request.items.size();
  for (Part& part : parts_of(job->first, std::move(request))) {
    admit(std::move(part));
  }
  put_to_work();
  return {};
}

bool PeerService::serves(const StageRequest& request) const {
  const std::vector<StageId> asked = stages_between(request.stage, request.last);
  return !asked.empty() && std::ranges::all_of(asked, [&](StageId stage) {
    return runs_at_peers(stage) && has_stage(options_.stages, stage);
  });
}

/// Cuts a request by the databases that it needs; one that needs none is one part.
std::vector<PeerService::Part> PeerService::parts_of(const JobKey& job, StageRequest request) {
  const bool databases = opens_databases(stages_between(request.stage, request.last));
  std::map<std::string, Part> parts;
  const auto part_of = [&](const std::string& database) -> Part& {
    const auto [part, fresh] = parts.try_emplace(database);
    if (fresh) {
      part->second = {job, database, {}, std::make_shared<StageRequest>(), 0};
      StageRequest& own = *part->second.request;
      own.id = request.id;
      own.stage = request.stage;
      own.last = request.last;
      own.config = request.config;
    }
    return part->second;
  };
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    StageItem& item = request.items[i];
    Part& part = part_of(databases && !item.failure ? item.sample.database : "");
    part.places.push_back(i);
    part.request->items.push_back(std::move(item));
  }
  if (request.items.empty()) {
    part_of("");  // gets its reply, too
  }
  std::vector<Part> found;
  for (auto& [database, part] : parts) {
    found.push_back(std::move(part));
  }
  return found;
}

void PeerService::admit(Part part) {
  switch (databases_.want(part.database)) {
    case DatabaseClient::Presence::here:
      ready(std::move(part));
      break;
    case DatabaseClient::Presence::coming:
      waiting_[part.database].push_back(std::move(part));
      break;
    case DatabaseClient::Presence::given_up:
      fail(std::move(part));
      break;
  }
}

/// Its database is here.
void PeerService::ready(Part part) {
  databases_.pin(part.database);
  ready_.push_back(std::move(part));
}

/// Its database cannot be had: the stages pass its samples on as failed.
void PeerService::fail(Part part) {
  part.database.clear();
  for (StageItem& item : part.request->items) {
    item.failure = Reason::internal;
  }
  ready_.push_back(std::move(part));
}

void PeerService::take(const DatabaseNews& news) {
  for (const Digest& digest : news.arrived) {
    if (auto waiting = waiting_.extract(digest.hex())) {
      for (Part& part : waiting.mapped()) {
        ready(std::move(part));
      }
    }
  }
  for (const auto& [digest, why] : news.given_up) {
    if (auto waiting = waiting_.extract(digest.hex())) {
      for (Part& part : waiting.mapped()) {
        fail(std::move(part));
      }
    }
  }
  put_to_work();
}

void PeerService::put_to_work() {
  while (!ready_.empty() && !idle_.empty()) {
    Part part = std::move(ready_.front());
    ready_.pop_front();
    part.lane = idle_.back();
    idle_.pop_back();
    const std::uint64_t ticket = ++last_ticket_;
    servers_->serve(part.lane, ticket, std::move(part.request));
    working_.emplace(ticket, std::move(part));
  }
}

bool PeerService::served(std::uint64_t ticket, StageReply reply) {
  const auto node = working_.extract(ticket);
  if (node.empty()) {
    return false;
  }
  const Part& part = node.mapped();
  databases_.unpin(part.database);
  idle_.push_back(part.lane);
  Job& job = jobs_.at(part.job);
  if (reply.not_now) {
    job.reply.not_now = true;  // one of its samples was interrupted: no other counts
  } else {
    FD_CHECK(reply.items.size() == part.places.size());
    for (std::size_t i = 0; i < reply.items.size(); ++i) {
      job.reply.items[part.places[i]] = std::move(reply.items[i]);
    }
  }
  job.missing -= part.places.size();
  if (job.missing == 0) {
    const bool fits = encoded_size_bound(job.reply) <= kMaxFrameBytes - kMaxBesideBytes;
    if (job.reply.not_now || !fits) {
      job.reply.not_now = true;
      job.reply.items.clear();
    }
    samples_served_ += job.reply.items.size();
    parts_.reply_to_peer(part.job.first,
                         encode_frame(options_.identity.run_id, job.speaker, job.reply));
    if (!FD_MUTANT(repeated_batch_not_served)) {
      jobs_.erase(part.job);
    }
  }
  put_to_work();
  return true;
}

void PeerService::say_working() {
  std::set<JobKey> at_work;
  for (const auto& [ticket, part] : working_) {
    at_work.insert(part.job);
  }
  for (const JobKey& key : at_work) {
    Job& job = jobs_.at(key);
    if (std::exchange(job.long_at_work, true)) {
      const StageReply working{job.reply.id, {}, false, true};
      parts_.reply_to_peer(key.first, encode_frame(options_.identity.run_id, job.speaker, working));
    }
  }
}

ServingLoad PeerService::load() const {
  return {static_cast<std::uint32_t>(jobs_.size()), samples_served_};
}

}  // namespace fd
