#include "coordinator/control/coordinator_actor.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "actors/system/thread_name.hpp"
#include "coordinator/control/database_server.hpp"
#include "coordinator/control/frame_queues.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {
namespace {

constexpr std::size_t kWriters = 4;  ///< of finished shards, each with a thread

struct CoordinatorTick {};
struct WriteShard {
  std::shared_ptr<ShardResult> result;
};
struct ShardSaved {
  std::uint32_t shard = 0;
  std::shared_ptr<Result<void>> result;
};
struct LoadShard {
  std::uint32_t shard = 0;
};
struct ShardRead {
  std::shared_ptr<Result<LoadedShard>> shard;
};
struct ReadDatabase {
  SendDatabase asked;
};
struct DatabaseRead {
  SendDatabase asked;
  std::shared_ptr<Result<FilePiece>> piece;
};
struct LeasesOnDisk {
  LeasesDurable leases;
};

}  // namespace
}  // namespace fd

FD_ACTOR_MESSAGE(fd::CoordinatorTick)
FD_ACTOR_MESSAGE(fd::WriteShard)
FD_ACTOR_MESSAGE(fd::ShardSaved)
FD_ACTOR_MESSAGE(fd::LoadShard)
FD_ACTOR_MESSAGE(fd::ShardRead)
FD_ACTOR_MESSAGE(fd::ReadDatabase)
FD_ACTOR_MESSAGE(fd::DatabaseRead)
FD_ACTOR_MESSAGE(fd::LeasesOnDisk)

namespace fd {
namespace {

// --- what waits for disks, each with a thread of its own ----------------------------------------

caf::behavior shard_writer(caf::event_based_actor* self, RunDir dir, RunConfig config,
                           caf::actor coordinator) {
  act::end_process_on_exception(self, "shard writer");
  name_thread("fd-writer");
  return {[=](const WriteShard& write) {
    const std::uint32_t shard = write.result->shard;
    const auto manifest = write_shard(dir, config, std::move(*write.result));
    act::post(coordinator,
              ShardSaved{shard, std::make_shared<Result<void>>(manifest.ok() ? Result<void>()
                                                                             : manifest.error())});
  }};
}

caf::behavior shard_loader(caf::event_based_actor* self, std::shared_ptr<const ShardLoader> loader,
                           caf::actor coordinator) {
  act::end_process_on_exception(self, "shard loader");
  name_thread("fd-loader");
  return {[=](const LoadShard& load) {
    act::post(coordinator,
              ShardRead{std::make_shared<Result<LoadedShard>>(loader->load(load.shard))});
  }};
}

caf::behavior database_server(caf::event_based_actor* self, std::shared_ptr<DatabaseServer> server,
                              caf::actor coordinator) {
  act::end_process_on_exception(self, "database server");
  name_thread("fd-databases");
  return {[=](const ReadDatabase& read) {
    act::post(coordinator, DatabaseRead{read.asked, std::make_shared<Result<FilePiece>>(
                                                        server->read(read.asked.fetch))});
  }};
}

// --- the ports ----------------------------------------------------------------------------------

/// The ports of a run: a transport, a ledger, and actors that wait for disks.
class ActorPorts final : public CoordinatorPorts {
 public:
  ActorPorts(caf::event_based_actor* self, const Clock& clock, Transport& transport, Ledger& ledger,
             const Log& log, const CoordinatorActorOptions& options)
      : self_(caf::actor_cast<caf::actor>(self)),
        clock_(clock),
        transport_(transport),
        ledger_(ledger),
        log_(log),
        progress_(options.progress),
        tell_(options.tell),
        ended_(options.ended),
        loader_(self->spawn<caf::detached>(
            shard_loader,
            std::make_shared<const ShardLoader>(
                options.dir, options.first_start ? nullptr : &ledger, options.answers_beside),
            self_)),
        databases_(self->spawn<caf::detached>(
            database_server, std::make_shared<DatabaseServer>(options.dir), self_)) {
    for (caf::actor& writer : writers_) {
      writer = self->spawn<caf::detached>(shard_writer, options.dir, options.config, self_);
    }
  }

  [[nodiscard]] Instant now() const override { return clock_.now(); }
  void send(const PeerId& peer, std::string frame) override {
    transport_.send(peer, std::move(frame));
  }
  void append(std::vector<LedgerEvent> events, std::function<void()> then) override {
    ledger_.append(std::move(events), std::move(then));
  }
  void post(LeasesDurable leases) override {
    act::post_urgent(self_, LeasesOnDisk{std::move(leases)});
  }
  void load_shard(std::uint32_t shard) override { act::post(loader_, LoadShard{shard}); }
  void write_shard(std::shared_ptr<ShardResult> result) override {
    const caf::actor& writer = writers_.at(result->shard % kWriters);
    act::post(writer, WriteShard{std::move(result)});
  }
  void read_database(SendDatabase asked) override {
    act::post(databases_, ReadDatabase{std::move(asked)});
  }
  void report(std::shared_ptr<const Progress> progress) override { progress_(std::move(progress)); }
  void warn(std::string_view event, Log::Fields fields) override { log_.warn(event, fields); }
  [[nodiscard]] std::string time_of_day(Duration ahead) const override {
    return local_time_text(ahead);
  }
  void tell(std::string line) override { tell_(std::move(line)); }
  void ended(RunEnd end) override {
    for (const caf::actor& writer : writers_) {
      act::post(writer, exit_of(writer));
    }
    for (const caf::actor& actor : {loader_, databases_, self_}) {
      act::post_urgent(actor, exit_of(actor));  // what waits there is of no use any more
    }
    ended_(std::move(end));
  }

 private:
  static caf::exit_msg exit_of(const caf::actor& actor) {
    return {actor.address(), caf::exit_reason::user_shutdown};
  }

  caf::actor self_;  // in a circle, until the actor ends and drops its behavior
  const Clock& clock_;
  Transport& transport_;
  Ledger& ledger_;
  const Log& log_;
  std::function<void(std::shared_ptr<const Progress>)> progress_;
  std::function<void(std::string)> tell_;
  std::function<void(RunEnd)> ended_;
  caf::actor loader_;
  caf::actor databases_;
  std::array<caf::actor, kWriters> writers_;
};

void tick(caf::event_based_actor* self, CoordinatorLoop& loop) {
  loop.tick();
  act::post_later(self, kTick, CoordinatorTick{});
}

caf::behavior coordinator_actor(caf::event_based_actor* self, const Clock* clock,
                                Transport* transport, Ledger* ledger, const Log* log,
                                std::shared_ptr<CoordinatorActorOptions> options) {
  act::end_process_on_exception(self, "coordinator");
  const auto loop = std::make_shared<CoordinatorLoop>(
      std::make_shared<ActorPorts>(self, *clock, *transport, *ledger, *log, *options),
      std::move(options->loop));
  tick(self, *loop);
  return {
      [loop](const CoordinatorFrames& in) {
        for (const Incoming& frame : *in.frames) {
          loop->take(frame);
        }
      },
      [self, loop](const CoordinatorTick&) { tick(self, *loop); },
      [loop](const ShardRead& read) { loop->loaded(std::move(*read.shard)); },
      [loop](const ShardSaved& saved) { loop->written(saved.shard, *saved.result); },
      [loop](const DatabaseRead& read) { loop->database_read(read.asked, std::move(*read.piece)); },
      [loop](const LeasesOnDisk& on_disk) { loop->leases_durable(on_disk.leases); },
      [loop](const DrainNow&) { loop->drain(); },
      [loop](const LocalWorkerEnded& ended) { loop->worker_ended(ended.name, ended.replaced); },
      [loop](const RunFailed& failed) { loop->fail(*failed.error, failed.kind); }};
}

}  // namespace

void post_frames(const caf::actor& coordinator, std::vector<Incoming> frames) {
  FrameQueues queues = frame_queues(std::move(frames));
  const auto message = [](std::vector<Incoming>& part) {
    return CoordinatorFrames{std::make_shared<std::vector<Incoming>>(std::move(part))};
  };
  if (!queues.urgent.empty()) {
    act::post_urgent(coordinator, message(queues.urgent));
  }
  if (!queues.records.empty()) {
    act::post(coordinator, message(queues.records));
  }
}

caf::actor spawn_coordinator(caf::actor_system& system, const Clock& clock, Transport& transport,
                             Ledger& ledger, const Log& log, CoordinatorActorOptions options) {
  caf::actor actor = system.spawn(coordinator_actor, &clock, &transport, &ledger, &log,
                                  std::make_shared<CoordinatorActorOptions>(std::move(options)));
  ledger.on_failure([actor](Error error) {
    act::post(actor, RunFailed{std::make_shared<Error>(std::move(error))});
  });
  return actor;
}

}  // namespace fd
