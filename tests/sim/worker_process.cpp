#include "tests/sim/worker_process.hpp"

#include <algorithm>

#include "protocol/exit_code.hpp"
#include "protocol/frame.hpp"
#include "tests/sim/worker_gateway.hpp"
#include "tests/sim/worker_stages.hpp"

namespace fd::sim {
namespace {

WorkerLoopOptions loop_options(const Plan& plan, std::uint32_t number, std::uint64_t incarnation) {
  WorkerLoopOptions options;
  options.core.name = "w" + std::to_string(number);
  options.core.incarnation = incarnation;
  options.core.prefetch = plan.prefetch;
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
      databases_(*this, disk, loop_),
      loop_(*this, log_, *this, *this, databases_,
            loop_options(services.plan, number, incarnation)) {}

void WorkerProcess::start() {
  services_.trace.note(schedule_.now(), "started", number_, incarnation_);
  control_ = services_.network.connect(number_, *this);
  bulk_ = services_.network.connect(number_, *this);
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
  after(simulated(delay), [this, generation] { loop_.wake(generation); });
}

void WorkerProcess::journal_failed(const Error& error) {
  after(0, [this, error] { loop_.journal_failed(error); });
}

void WorkerProcess::ended(int exit_code) {
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

Result<std::unique_ptr<Gateway>> WorkerProcess::make_gateway(const RunConfig&, std::uint32_t slots,
                                                             ChatCallback callback) {
  return std::unique_ptr<Gateway>(std::make_unique<SimGateway>(
      *this, services_, disk_, number_, incarnation_, slots, std::move(callback)));
}

Result<std::unique_ptr<SessionStages>> WorkerProcess::start_stages(const SessionIdentity& session,
                                                                   const RunConfig& config,
                                                                   const Digest&,
                                                                   GatewayFactory make_gateway) {
  const auto later = [this](auto what) {
    after(0, [held = std::make_shared<decltype(what)>(std::move(what))] { (*held)(); });
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
  auto stages =
      std::make_unique<SimStages>(*this, services_, disk_, number_, random_, std::move(sink));
  FD_TRY(std::unique_ptr<Gateway> gateway,
         make_gateway(config, 1, [stages = stages.get()](ChatResult result) {
           stages->post(std::move(result));
         }));
  stages->use(std::move(gateway));
  return std::unique_ptr<SessionStages>(std::move(stages));
}

Result<std::unique_ptr<StageServers>> WorkerProcess::start_servers(const RunConfig&) {
  return Error{Errc::unsupported, "no peers in this world"};
}

}  // namespace fd::sim
