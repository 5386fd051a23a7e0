#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "protocol/frame.hpp"
#include "worker/database_client.hpp"
#include "worker/run_session.hpp"
#include "worker/session_parts.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// The two connections to the coordinator: states go over the first, all else over the second.
enum class Wire : std::uint8_t { control, bulk };

/// What leaves a worker's loop, but for the parts of a session. Thread: the loop's, unless it says
/// otherwise.
class WorkerPorts {
 public:
  WorkerPorts() = default;
  virtual ~WorkerPorts() = default;
  WorkerPorts(const WorkerPorts&) = delete;
  WorkerPorts& operator=(const WorkerPorts&) = delete;
  virtual void send(Wire wire, std::string frame) = 0;
  /// Makes the bulk connection anew.
  virtual void reconnect_bulk() = 0;
  /// Calls WorkerLoop::wake() with this generation when it is `due`.
  virtual void wake_at(Instant due, std::uint64_t generation) = 0;
  /// The other workers of the run from now on.
  virtual void peers_known(const std::vector<PeerInfo>& peers) = 0;
  /// The coordinator was not heard for this long; comes each time that is worth a message.
  virtual void silent(Duration time) = 0;
  /// The journal's disk failed: calls WorkerLoop::journal_failed() on the loop's thread. Thread:
  /// any.
  virtual void journal_failed(const Error& error) = 0;
  /// The loop ended, with the process's exit code. Comes once, and last.
  virtual void ended(int exit_code) = 0;
};

struct WorkerLoopOptions {
  WorkerCoreConfig core;
  std::uint64_t database_cache_bytes = 8ull << 30;
  bool serves_peers = false;
};

/// The worker: decodes what arrives, steps WorkerCore, and performs its effects in their order on
/// the session of the run and on the ports. The program (worker/worker_actor.hpp) and the
/// simulation both run it. Thread: one at a time.
class WorkerLoop {
 public:
  /// Lifetime: everything passed by reference outlives the loop.
  WorkerLoop(const Clock& clock, const Log& log, WorkerPorts& ports, SessionParts& parts,
             DatabaseStore& store, WorkerLoopOptions options);

  void start();

  // What arrives. After the end nothing has an effect.
  void take(std::string_view frame);  ///< of the coordinator
  void take_request(const std::string& peer, std::string_view frame);
  /// A call ended, or an answer of it came: both are in the journal. `run`: WorkItem::run.
  void record(std::uint64_t run, Record record, std::uint64_t journal_seq);
  void finish(std::vector<WorkItem> items);       ///< samples with their outcomes
  void drop(const std::vector<WorkItem>& items);  ///< samples whose calls were not sent
  void served(std::uint64_t ticket, StageReply reply);
  void take(const DatabasesListed& listed);
  void take(const DatabaseTrouble& trouble);
  void take(const EndpointError& error) { step(EndpointErrorMet{error}); }
  void take(const DatabaseLooked& looked);
  void take(const DatabaseAdded& added);
  void bulk_made() { step(BulkConnected{}); }
  void stop() { step(StopAsked{}); }
  void rejected();  ///< the coordinator does not accept this worker's key
  void journal_failed(const Error& error);
  void wake(std::uint64_t generation);

  /// Returns how many messages were refused.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  Result<void> dispatch_request(const std::string& peer, std::string_view bytes);
  void step(WorkerEvent event);
  void perform(WorkerEffects effects);
  bool begin_session(WorkerEffects& effects, JournalRecovered& recovered);
  void configure(const std::string& json);
  void tell_gateway(const WorkerEffects& effects);
  void say(const WorkerEffects& effects);
  void cancel_waiting();
  void flush();
  void heed_databases();
  void send(const WorkerMessage& message);
  void refuse_message(const char* event, const std::string& why);
  void end_refused(const std::string& why);
  void end(int exit_code);
  void plan_wake();

  const Clock& clock_;
  const Log& log_;
  WorkerPorts& ports_;
  SessionParts& parts_;
  const WorkerLoopOptions options_;
  WorkerCore core_;
  DatabaseClient databases_;
  std::unique_ptr<RunSession> session_;  ///< null: no run
  std::uint64_t sessions_ = 0;           ///< opened so far
  std::uint64_t refused_ = 0;            ///< messages
  std::deque<WorkerEvent> events_;       ///< for the core, in order
  bool stepping_ = false;
  bool over_ = false;
  std::optional<Instant> wake_at_;
  std::uint64_t generation_ = 0;
};

}  // namespace fd
