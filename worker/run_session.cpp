#include "worker/run_session.hpp"

#include <iterator>

#include "actors/config/loader.hpp"

namespace fd {
namespace {

/// Numbers what a journal had, as AnswerJournal::release() counts.
JournalRecovered offered(RecoveredJournal found) {
  JournalRecovered recovered;
  for (Record& ended : found.ended) {
    recovered.entries.push_back({std::move(ended), recovered.entries.size() + 1});
  }
  for (const JournalIntent& intent : found.in_doubt) {
    recovered.entries.push_back({in_doubt_record(intent), recovered.entries.size() + 1});
  }
  recovered.in_doubt = found.in_doubt.size();
  recovered.incarnations = std::move(found.incarnations);
  return recovered;
}

/// What becomes of a sample whose database cannot be had.
Record failed_record(const WorkItem& item) {
  Record record{item.shard, item.fence, {}, {}, {}, {}};
  record.outcome.emplace();
  record.outcome->sample_id = item.sample.id;
  record.outcome->verdict = Verdict::failed;
  record.outcome->reason = Reason::internal;
  record.outcome->times = item.times;
  return record;
}

/// Reads a run's config. Errors: unsupported (this program has other keys or defaults).
Result<RunConfig> read_config(const std::string& json) {
  const Digest digest = sha256(json);
  auto config = config_from_json(json);
  if (!config.ok()) {
    return Error{Errc::unsupported, "this program cannot read the run's config " + digest.hex() +
                                        ": " + config.error().message};
  }
  const std::string read_as = json::canonical(effective_config(*config));
  if (read_as != json) {
    return Error{Errc::unsupported, "this program reads the run's config " + digest.hex() + " as " +
                                        sha256(read_as).hex() + ": it has other keys or defaults"};
  }
  return config;
}

}  // namespace

RunSession::RunSession(SessionParts& parts, DatabaseClient& databases, SessionOptions options)
    : parts_(parts), databases_(databases), options_(std::move(options)) {}

Result<std::unique_ptr<RunSession>> RunSession::open(SessionParts& parts, DatabaseClient& databases,
                                                     SessionOptions options,
                                                     std::function<void(const Error&)> failed,
                                                     JournalRecovered& recovered) {
  const JournalIdentity identity{options.identity.run_id, options.worker, options.incarnation};
  std::unique_ptr<RunSession> session(new RunSession(parts, databases, std::move(options)));
  FD_TRY(OpenedJournal opened, parts.open_journal(identity, std::move(failed)));
  session->journal_ = std::move(opened.journal);
  recovered = offered(std::move(opened.found));
  return session;
}

RunSession::~RunSession() {
  service_.reset();
  stages_.reset();
  journal_.reset();
  databases_.forget();
}

Result<void> RunSession::configure(const std::string& config_json) {
  FD_CHECK(stages_ == nullptr && service_ == nullptr);
  FD_TRY(const RunConfig config, read_config(config_json));
  const Digest digest = sha256(config_json);
  if (has_stage(options_.stages, StageId::teacher)) {
    FD_TRY(stages_, parts_.start_stages(options_.identity, config, digest,
                                        [this](const RunConfig& run, ChatCallback callback) {
                                          return parts_.make_gateway(run, *journal_,
                                                                     options_.incarnation,
                                                                     std::move(callback));
                                        }));
  }
  if (options_.serves_peers) {
    FD_TRY(std::unique_ptr<StageServers> servers, parts_.start_servers(config));
    service_ = std::make_unique<PeerService>(
        parts_, databases_, std::move(servers),
        PeerServiceOptions{options_.identity, digest, options_.stages});
  }
  return {};
}

CallLoad RunSession::load() const {
  return stages_ == nullptr ? CallLoad{} : stages_->load();
}

Gateway* RunSession::gateway() {
  return stages_ == nullptr ? nullptr : &stages_->gateway();
}

void RunSession::use_peers(std::vector<PeerInfo> peers) {
  if (stages_ != nullptr) {
    stages_->use_peers(std::move(peers));
  }
}

// --- samples and their databases ----------------------------------------------------------------

void RunSession::begin(StartSample sample) {
  WorkItem item;
  item.run = number();
  item.era = era_;
  item.shard = sample.shard;
  item.fence = sample.fence;
  item.sample = std::move(sample.item.sample);
  item.answers = std::move(sample.item.answers);
  wait_or_submit(std::move(item));
}

void RunSession::begin_again(WorkItem item) {
  WorkItem fresh;
  fresh.run = item.run;
  fresh.era = era_;
  fresh.shard = item.shard;
  fresh.fence = item.fence;
  fresh.sample = std::move(item.sample);
  fresh.answers = std::move(item.answers);
  fresh.again = true;
  wait_or_submit(std::move(fresh));
}

void RunSession::wait_or_submit(WorkItem item) {
  const auto presence = opens_databases_here() ? databases_.want(item.sample.database)
                                               : DatabaseClient::Presence::here;
  if (presence == DatabaseClient::Presence::coming) {
    waiting_[item.sample.database].push_back(std::move(item));
  } else if (presence == DatabaseClient::Presence::given_up) {
    failed_.push_back(std::move(item));
  } else {
    submit(std::move(item));
  }
}

void RunSession::submit(WorkItem item) {
  if (opens_databases_here()) {
    databases_.pin(item.sample.database);
  }
  ready_.push_back(std::move(item));
}

std::vector<Record> RunSession::flush() {
  if (!ready_.empty()) {
    stages_->take(std::exchange(ready_, {}));
  }
  std::vector<Record> records;
  for (const WorkItem& item : std::exchange(failed_, {})) {
    records.push_back(failed_record(item));
  }
  return records;
}

void RunSession::left(const WorkItem& item) {
  if (opens_databases_here()) {
    databases_.unpin(item.sample.database);
  }
}

std::vector<WorkItem> RunSession::cancel_waiting() {
  if (stages_ != nullptr) {
    ++era_;
    stages_->gateway().cancel_waiting();
    stages_->hurry();
  }
  if (service_ != nullptr) {
    service_->hurry();
  }
  std::vector<WorkItem> dropped;
  for (auto& [database, items] : std::exchange(waiting_, {})) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      databases_.unwant(database);
    }
    std::move(items.begin(), items.end(), std::back_inserter(dropped));
  }
  return dropped;
}

void RunSession::take(const DatabaseNews& news) {
  for (const Digest& digest : news.arrived) {
    if (auto waiting = waiting_.extract(digest.hex())) {
      for (WorkItem& item : waiting.mapped()) {
        submit(std::move(item));
      }
    }
  }
  for (const auto& [digest, why] : news.given_up) {
    if (auto waiting = waiting_.extract(digest.hex())) {
      std::move(waiting.mapped().begin(), waiting.mapped().end(), std::back_inserter(failed_));
    }
  }
  if (service_ != nullptr) {
    service_->take(news);
  }
}

// --- other workers ------------------------------------------------------------------------------

Result<void> RunSession::take_request(const std::string& peer, const FrameView& frame) {
  return service_ != nullptr ? service_->take(peer, frame) : put_off(parts_, peer, frame);
}

bool RunSession::served(std::uint64_t ticket, StageReply reply) {
  return service_ != nullptr && service_->served(ticket, std::move(reply));
}

void RunSession::say_working() {
  if (service_ != nullptr) {
    service_->say_working();
  }
}

ServingLoad RunSession::serving() const {
  return service_ == nullptr ? ServingLoad{} : service_->load();
}

}  // namespace fd
