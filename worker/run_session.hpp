#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/result.hpp"
#include "worker/database_client.hpp"
#include "worker/peer_service.hpp"
#include "worker/session_parts.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// What a worker serves, and for whom.
struct SessionOptions {
  SessionIdentity identity;
  std::string worker;             ///< its name
  std::uint64_t incarnation = 0;  ///< that its journal is written under
  std::vector<StageId> stages;    ///< that it serves
  bool serves_peers = false;
};

/// One run at a worker: its journal, stages, peer service, and the samples that wait for a
/// database. Made and ended whole; another config is another session. Thread: that of the worker's
/// loop.
class RunSession {
 public:
  /// Opens the journal. `recovered` is filled with what earlier processes left in it. `failed`
  /// is called once, on the journal's thread, when its disk failed. Errors: as
  /// SessionParts::open_journal(). Lifetime: `parts` and `databases` outlive it.
  static Result<std::unique_ptr<RunSession>> open(SessionParts& parts, DatabaseClient& databases,
                                                  SessionOptions options,
                                                  std::function<void(const Error&)> failed,
                                                  JournalRecovered& recovered);
  /// Ends the peer service, the stages and the gateway, then the journal: calls in flight stay in
  /// doubt there.
  ~RunSession();
  RunSession(const RunSession&) = delete;
  RunSession& operator=(const RunSession&) = delete;

  /// Starts what this worker has to do by a config: its own samples, those of others, or both.
  /// Errors: unsupported (this program reads the config as another one), invalid_input. Requires:
  /// not configured before.
  Result<void> configure(const std::string& config_json);
  /// Returns null until it is configured, and at a worker without the teacher.
  [[nodiscard]] Gateway* gateway();
  void use_peers(std::vector<PeerInfo> peers);
  /// Takes a sample. It waits until its database is here.
  void begin(StartSample sample);
  /// Begins a sample once more that left with trouble, with the answers that it has.
  void begin_again(WorkItem item);
  /// Hands the samples that can run to the stages, and returns those that cannot: each as the
  /// record of its failure.
  [[nodiscard]] std::vector<Record> flush();
  /// A sample left the stages.
  void left(const WorkItem& item);
  /// Drops what was not begun: calls that were not sent come back as dropped samples, and the
  /// samples that wait for a database are returned.
  [[nodiscard]] std::vector<WorkItem> cancel_waiting();
  /// Takes what became of databases.
  void take(const DatabaseNews& news);
  /// Entries of the journal up to `seq` are acknowledged.
  void release(std::uint64_t seq) { journal_->release(seq); }

  /// Takes a request of another worker. Errors: invalid_input.
  Result<void> take_request(const std::string& peer, const FrameView& frame);
  /// A request of another worker is done. Returns false for one of an earlier session.
  bool served(std::uint64_t ticket, StageReply reply);

  /// As PeerService::say_working().
  void say_working();

  [[nodiscard]] std::uint64_t number() const { return options_.identity.number; }
  [[nodiscard]] CallLoad load() const;
  [[nodiscard]] ServingLoad serving() const;

 private:
  RunSession(SessionParts& parts, DatabaseClient& databases, SessionOptions options);
  [[nodiscard]] bool opens_databases_here() const { return opens_databases(options_.stages); }
  void wait_or_submit(WorkItem item);
  void submit(WorkItem item);

  SessionParts& parts_;
  DatabaseClient& databases_;
  SessionOptions options_;
  std::unique_ptr<CallJournal> journal_;  ///< outlives the stages, whose gateway uses it
  std::unique_ptr<SessionStages> stages_;
  std::unique_ptr<PeerService> service_;
  std::uint64_t era_ = 0;  ///< as ChatCall::era
  std::vector<WorkItem> ready_;
  std::map<std::string, std::vector<WorkItem>> waiting_;  ///< by the database that is on its way
  std::vector<WorkItem> failed_;                          ///< their database was given up
};

}  // namespace fd
