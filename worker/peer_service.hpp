#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/frame.hpp"
#include "worker/database_client.hpp"
#include "worker/session_parts.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// Batches of other workers under way here at most; beyond that the answer is "not now".
inline constexpr std::size_t kServeQueueMax = 256;

struct PeerServiceOptions {
  SessionIdentity identity;
  Digest config;  ///< digest of the RunSpec that is served
  std::vector<StageId> stages;
};

/// Tells the peer that sent a StageRequest to ask elsewhere or later. Errors: invalid_input.
Result<void> put_off(SessionParts& parts, const std::string& peer, const FrameView& asked);

/// What this worker does for others in one run: takes their requests, has the databases they need
/// fetched, and lets its stage servers work them off. Keeps nothing of a request that was replied
/// to, so any request may come again, here or elsewhere. Thread: that of the worker's loop.
///
/// The samples of a request are served a database at a time, each part once its database is here,
/// which then stays until the part is done. So a request ends also when its databases do not fit
/// into the cache together, and no part waits for one database while it keeps another.
class PeerService {
 public:
  /// Lifetime: `parts` and `databases` outlive it.
  PeerService(SessionParts& parts, DatabaseClient& databases, std::unique_ptr<StageServers> servers,
              PeerServiceOptions options);
  /// Ends the servers; what waits gets no reply.
  ~PeerService();
  PeerService(const PeerService&) = delete;
  PeerService& operator=(const PeerService&) = delete;

  /// Takes a StageRequest of this run. One of another config or for a stage that is not served, or
  /// one too many, is answered "not now"; one that is at work already is not taken twice.
  /// Errors: invalid_input.
  Result<void> take(const std::string& peer, const FrameView& frame);
  /// Takes what became of databases. The samples of one that was given up fail.
  void take(const DatabaseNews& news);
  /// A server is done. Returns false for a ticket of an earlier service.
  bool served(std::uint64_t ticket, StageReply reply);
  /// Tells those whose requests were at work at the last call too that they still are: a slow
  /// statement is not for every other worker to run as well.
  void say_working();
  /// As StageServers::hurry().
  void hurry() { servers_->hurry(); }
  [[nodiscard]] ServingLoad load() const;

 private:
  /// Who asked, on what connection, and the number of the request.
  using JobKey = std::pair<std::string, std::uint64_t>;
  struct Job {
    Speaker speaker;          ///< as it was asked
    StageReply reply;         ///< with what has been served
    std::size_t missing = 0;  ///< samples that were not served yet
    bool long_at_work = false;
  };
  /// The samples of a job that need the same database, or none.
  struct Part {
    JobKey job;
    std::string database;             ///< empty: none is needed
    std::vector<std::size_t> places;  ///< of its samples in the job
    std::shared_ptr<StageRequest> request;
    std::uint32_t lane = 0;
  };
  [[nodiscard]] bool serves(const StageRequest& request) const;
  static std::vector<Part> parts_of(const JobKey& job, StageRequest request);
  void admit(Part part);
  void ready(Part part);
  void fail(Part part);
  void put_to_work();

  SessionParts& parts_;
  DatabaseClient& databases_;
  std::unique_ptr<StageServers> servers_;
  PeerServiceOptions options_;
  std::vector<std::uint32_t> idle_;  ///< lanes
  std::map<JobKey, Job> jobs_;
  std::map<std::string, std::vector<Part>> waiting_;  ///< by the database that is on its way
  std::deque<Part> ready_;                            ///< for a lane; their databases are pinned
  std::map<std::uint64_t, Part> working_;             ///< by ticket
  std::uint64_t last_ticket_ = 0;
  std::uint64_t samples_served_ = 0;
};

}  // namespace fd
