#include "tests/sim/worker_process.hpp"

#include <algorithm>

#include "actors/config/loader.hpp"
#include "actors/gateway/call_gateway.hpp"
#include "protocol/exit_code.hpp"
#include "protocol/frame.hpp"
#include "tests/sim/worker_senders.hpp"
#include "tests/sim/worker_stages.hpp"

namespace fd::sim {
namespace {

constexpr Time kMailMax = 5 * kMillisecond;                     ///< from the stages to the loop
constexpr Duration kPatience = std::chrono::milliseconds(400);  ///< for a peer's first reply

WorkerRole role_of(const Plan& plan, std::uint32_t number) {
  return plan.roles.empty() ? WorkerRole{} : plan.roles.at(number - 1);
}

WorkerLoopOptions loop_options(const Plan& plan, std::uint32_t number, std::uint64_t incarnation) {
  const WorkerRole role = role_of(plan, number);
  WorkerLoopOptions options;
  options.core.name = "w" + std::to_string(number);
  options.core.incarnation = incarnation;
  options.core.prefetch = plan.prefetch;
  options.core.stages = role.stages;
  options.core.threads = plan.peer_lanes;
  options.serves_peers = role.serves_peers;
  if (role.serves_peers) {
    options.core.peer_endpoint = "peer:" + options.core.name;
    if (plan.peer_ports_change) {
      options.core.peer_endpoint += ":" + std::to_string(incarnation);
    }
  }
  options.database_cache_bytes = plan.database_room;
  return options;
}

}  // namespace

WorkerProcess::WorkerProcess(Services& services, WorkerDisk& disk, std::uint32_t number,
                             std::uint64_t incarnation,
                             std::function<void(WorkerProcess&, End)> ended)
    : Process(services.schedule, services.plan.clocks.at(number)),
      services_(services),
      disk_(disk),
      number_(number),
      incarnation_(incarnation),
      ended_(std::move(ended)),
      random_(services.plan.seed, "worker" + std::to_string(incarnation)),
      log_(services.trace.prints() ? std::optional(LogLevel::info) : std::nullopt,
           "worker" + std::to_string(number)),
      databases_(*this, services, incarnation, disk, loop_),
      loop_(*this, log_, *this, *this, databases_,
            loop_options(services.plan, number, incarnation)) {}

void WorkerProcess::start() {
  services_.trace.note(schedule_.now(), "started", number_, incarnation_);
  control_ = services_.network.connect(number_, *this);
  bulk_ = services_.network.connect(number_, *this);
  const std::string endpoint =
      loop_options(services_.plan, number_, incarnation_).core.peer_endpoint;
  if (!endpoint.empty()) {
    services_.peers.listen(endpoint, number_, *this);
  }
  loop_.start();
}

void WorkerProcess::stop() {
  after(0, [this] { loop_.stop(); });
}

void WorkerProcess::receive(const std::string&, std::string bytes) {
  after(0, [this, bytes = std::move(bytes)] {
    const std::uint64_t refused = loop_.refused();
    loop_.take(bytes);
    if (loop_.refused() > refused) {
      services_.oracle.fail(schedule_.now(), "a worker refuses a frame");
    }
  });
}

void WorkerProcess::receive_request(const std::string& connection, std::string bytes) {
  after(0, [this, connection, bytes = std::move(bytes)] {
    const std::uint64_t refused = loop_.refused();
    loop_.take_request(connection, bytes);
    if (loop_.refused() > refused) {
      services_.oracle.fail(schedule_.now(), "a worker refuses a request of a peer");
    }
  });
}

void WorkerProcess::connected_again(const std::string& connection) {
  after(0, [this, connection] {
    if (connection == bulk_) {
      loop_.bulk_made();
    }
  });
}

// --- WorkerPorts --------------------------------------------------------------------------------

void WorkerProcess::send(Wire wire, std::string frame) {
  if (boundary()) {
    return;
  }
  const auto decoded = decode_frame(frame);
  FD_CHECK(decoded.ok());
  if (decoded->kind == MessageKind::deliver) {
    Deliver deliver = decode<Deliver>(decoded->body).value();
    say(deliver);
    services_.deliveries[{incarnation_, decoded->speaker.start, deliver.seq}] =
        std::move(deliver.records);
  }
  services_.network.send_up(wire == Wire::control ? control_ : bulk_, std::move(frame));
}

/// Lists what is delivered, for people.
void WorkerProcess::say(const Deliver& deliver) const {
  if (!services_.trace.prints()) {
    return;
  }
  std::string line = "w" + std::to_string(number_) + " delivers " + std::to_string(deliver.seq);
  for (const Record& record : deliver.records) {
    if (record.call) {
      const Place place = Dataset::place_of(record.call->sample_id);
      line += " call " + std::to_string(place.first) + "/" + std::to_string(place.second) + "." +
              std::to_string(Dataset::number_of(*record.call));
    }
  }
  services_.trace.line(schedule_.now(), line);
}

void WorkerProcess::reconnect_bulk() {
  if (alive()) {
    services_.trace.note(schedule_.now(), "reconnect", number_);
    bulk_ = services_.network.connect(number_, *this);
  }
}

void WorkerProcess::wake_at(Instant due, std::uint64_t generation) {
  const Duration delay = std::max(due - now(), Duration::zero());
  // The loop's thread may be busy, while the gateway's threads are not.
  after(simulated(delay), [this, generation] {
    after(random_.chance(500) ? random_.between(0, kMailMax) : 0,
          [this, generation] { loop_.wake(generation); });
  });
}

void WorkerProcess::journal_failed(const Error& error) {
  after(0, [this, error] { loop_.journal_failed(error); });
}

void WorkerProcess::ended(int exit_code) {
  over_ = true;
  if (!alive()) {
    return;
  }
  const End how = exit_code == kExitComplete  ? End::stopped
                  : exit_code == kExitStorage ? End::disk_failed
                                              : End::refused;
  services_.trace.note(schedule_.now(), "ended", number_, static_cast<std::uint64_t>(how));
  ended_(*this, how);
}

// --- SessionParts -------------------------------------------------------------------------------

Result<OpenedJournal> WorkerProcess::open_journal(const JournalIdentity& identity,
                                                  std::function<void(const Error&)> failed) {
  if (!alive()) {
    return Error{Errc::storage, "the process is dead"};
  }
  OpenedJournal opened;
  opened.found = disk_.open(*this, identity.incarnation, std::move(failed));
  opened.journal = std::make_unique<SimJournal>(*this, services_, disk_, incarnation_);
  return opened;
}

Result<std::unique_ptr<Gateway>> WorkerProcess::make_gateway(const RunConfig& config,
                                                             CallJournal& journal,
                                                             std::uint64_t seed,
                                                             ChatCallback callback) {
  const auto senders = [this](CallExchange& exchange) -> std::unique_ptr<CallSenders> {
    return std::make_unique<SimSenders>(*this, services_, disk_, number_, incarnation_, exchange);
  };
  return std::unique_ptr<Gateway>(std::make_unique<CallGateway>(
      journal, *this, CallGatewayOptions{config.gateway, 0, seed}, senders, std::move(callback)));
}

Result<std::unique_ptr<SessionStages>> WorkerProcess::start_stages(const SessionIdentity& session,
                                                                   const RunConfig& config,
                                                                   const Digest& digest,
                                                                   GatewayFactory make_gateway) {
  // As to an actor: in order, and not at once.
  const auto later = [this](auto what) {
    mailbox_ = std::max(mailbox_, schedule_.now() + random_.between(0, kMailMax));
    after(mailbox_ - schedule_.now(),
          [held = std::make_shared<decltype(what)>(std::move(what))] { (*held)(); });
  };
  StageSink sink;
  sink.record = [this, later, run = session.number](Record record, std::uint64_t seq) {
    later([this, run, seq, record = std::move(record)] { loop_.record(run, record, seq); });
  };
  sink.finished = [this, later](WorkItem item) {
    later([this, item = std::move(item)] { loop_.finish({item}); });
  };
  sink.dropped = [this, later](WorkItem item) {
    later([this, item = std::move(item)] { loop_.drop({item}); });
  };
  sink.poisoned = [this] {
    services_.trace.note(schedule_.now(), "poisoned", number_);
    ended_(*this, End::poisoned);
  };
  const WorkerRole role = role_of(services_.plan, number_);
  SimChain::Options chain;
  chain.remote.run_id = session.run_id;
  chain.remote.speaker = session.speaker;
  chain.remote.config = digest;
  chain.remote.local = {role.stages.begin(), role.stages.end()};
  chain.remote.patience = kPatience;
  chain.worker = number_;
  chain.incarnation = incarnation_;
  chain.opened = [this](const Sample& sample) { check_database(sample); };
  auto stages = std::make_unique<SimStages>(*this, services_, disk_, log_, random_,
                                            std::move(chain), std::move(sink));
  FD_TRY(std::unique_ptr<Gateway> gateway,
         make_gateway(config, [stages = stages.get()](ChatResult result) {
           stages->post(std::move(result));
         }));
  stages->use(std::move(gateway));
  return std::unique_ptr<SessionStages>(std::move(stages));
}

Result<std::unique_ptr<StageServers>> WorkerProcess::start_servers(const RunConfig& config) {
  const Digest digest = sha256(json::canonical(effective_config(config)));
  return std::unique_ptr<StageServers>(std::make_unique<SimServers>(
      *this, services_, random_, digest, at_work_,
      [this](const Sample& sample) { check_database(sample); },
      [this](std::uint64_t ticket, StageReply reply) { loop_.served(ticket, std::move(reply)); }));
}

void WorkerProcess::reply_to_peer(const std::string& peer, std::string frame) {
  if (!boundary()) {
    services_.peers.reply(peer, std::move(frame));
  }
}

/// A stage opens a database only where all of it lies.
void WorkerProcess::check_database(const Sample& sample) const {
  const auto digest = Digest::from_hex(sample.database);
  if (!digest) {
    return;
  }
  const auto& files = disk_.databases();
  const auto file = files.find(*digest);
  if (file == files.end() || sha256(file->second) != *digest) {
    services_.oracle.fail(schedule_.now(), "a stage opens a database that is not there");
  }
}

}  // namespace fd::sim
