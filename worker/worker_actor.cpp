#include "worker/worker_actor.hpp"

#include <algorithm>
#include <utility>

#include "actors/pipeline/call_actor.hpp"
#include "actors/pipeline/stage_server.hpp"
#include "worker/database_actor.hpp"

namespace fd {
namespace {

class WorkerShell final : public WorkerPorts {
 public:
  WorkerShell(caf::event_based_actor* self, const Clock& clock, WorkerWires wires, const Log& log,
              WorkerActorOptions options)
      : self_(self),
        clock_(clock),
        wires_(wires),
        options_(std::move(options)),
        store_(self->system(), options_.parts.database_directory, handle()),
        parts_(self->system(), clock, log, options_.parts, handle()),
        loop_(clock, log, *this, parts_, store_, options_.loop) {}

  WorkerLoop& loop() { return loop_; }

  void send(Wire wire, std::string frame) override {
    (wire == Wire::control ? wires_.control : wires_.bulk).send("", std::move(frame));
  }
  void reconnect_bulk() override { wires_.bulk.reconnect(); }
  void wake_at(Instant due, std::uint64_t generation) override {
    act::post_later(self_, std::max(due - clock_.now(), Duration::zero()), WakeUp{generation});
  }
  void peers_known(const std::vector<PeerInfo>& peers) override {
    if (options_.peers_known) {
      options_.peers_known(peers);
    }
  }
  void silent(Duration time) override {
    if (options_.silent) {
      options_.silent(time);
    }
  }
  void journal_failed(const Error& error) override {
    act::post(handle(), JournalFailed{std::make_shared<Error>(error)});
  }
  void ended(int exit_code) override {
    options_.exited(exit_code);
    self_->quit();
  }

 private:
  [[nodiscard]] caf::actor handle() const { return caf::actor_cast<caf::actor>(self_); }

  caf::event_based_actor* self_;
  const Clock& clock_;
  WorkerWires wires_;
  WorkerActorOptions options_;
  DatabaseActor store_;
  WorkerParts parts_;
  WorkerLoop loop_;  ///< last: it uses all of the above
};

caf::behavior worker_actor(caf::event_based_actor* self, const Clock* clock, Transport* control,
                           Transport* bulk, const Log* log,
                           std::shared_ptr<WorkerActorOptions> options) {
  act::end_process_on_exception(self, "worker");
  auto shell = std::make_shared<WorkerShell>(self, *clock, WorkerWires{*control, *bulk}, *log,
                                             std::move(*options));
  WorkerLoop& loop = shell->loop();
  loop.start();
  return {[shell, &loop](const FramesIn& in) {
            for (const Incoming& incoming : *in.frames) {
              loop.take(incoming.bytes);
            }
          },
          [&loop](const PeerFramesIn& in) {
            for (const Incoming& incoming : *in.frames) {
              loop.take_request(incoming.peer, incoming.bytes);
            }
          },
          [&loop](CallDone& done) { loop.record(done.run, *done.record, done.journal_seq); },
          [&loop](WorkBatch& batch) { loop.finish(std::move(*batch.items)); },
          [&loop](const WorkDropped& dropped) { loop.drop(*dropped.items); },
          [&loop](const StagesServed& served) {
            loop.served(served.ticket, std::move(*served.reply));
            for (const DatabaseTrouble& trouble : served.troubles) {
              loop.take(trouble);
            }
          },
          [&loop](const EndpointErrorHeard& heard) { loop.take(heard.error); },
          [&loop](const DatabasesListed& listed) { loop.take(listed); },
          [&loop](const DatabaseLooked& looked) { loop.take(looked); },
          [&loop](const DatabaseAdded& added) { loop.take(added); },
          [&loop](const JournalFailed& failed) { loop.journal_failed(*failed.error); },
          [&loop](const WakeUp& wake) { loop.wake(wake.generation); },
          [&loop](const Rejected&) { loop.rejected(); },
          [&loop](const BulkMade&) { loop.bulk_made(); },
          [&loop](const StopNow&) { loop.stop(); }};
}

}  // namespace

caf::actor spawn_worker(caf::actor_system& system, const Clock& clock, WorkerWires wires,
                        const Log& log, WorkerActorOptions options) {
  return system.spawn(worker_actor, &clock, &wires.control, &wires.bulk, &log,
                      std::make_shared<WorkerActorOptions>(std::move(options)));
}

}  // namespace fd
