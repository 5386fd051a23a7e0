#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/frame.hpp"
#include "worker/database_client.hpp"
#include "worker/session_parts.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// Batches of other workers that wait here at most; beyond that the answer is "not now".
inline constexpr std::size_t kServeQueueMax = 256;

struct PeerServiceOptions {
  SessionIdentity identity;
  Digest config;  ///< digest of the RunSpec that is served
  std::vector<StageId> stages;
};

/// Tells the peer that sent a StageRequest to ask elsewhere or later. Errors: invalid_input.
Result<void> put_off(SessionParts& parts, const std::string& peer, const FrameView& asked);

/// What this worker does for others in one run: takes their requests, has the databases they need
/// fetched, and lets its stage servers work them off, one request a lane at a time. Keeps nothing
/// of a request that was replied to, so any request may come again, here or elsewhere.
/// Thread: that of the worker's loop.
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
  /// A server is done. Returns false for a ticket of an earlier service.
  bool served(std::uint64_t ticket, const StageReply& reply);
  /// Tells those whose requests were at work at the last call too that they still are: a slow
  /// statement is not for every other worker to run as well.
  void say_working();
  /// As StageServers::hurry().
  void hurry() { servers_->hurry(); }
  /// Databases came, or were given up: their samples fail.
  void databases_changed() { put_to_work(); }
  [[nodiscard]] ServingLoad load() const;

 private:
  struct Job {
    std::string peer;
    Speaker speaker;  ///< as it was asked
    std::uint64_t id = 0;
    std::shared_ptr<StageRequest> request;
    bool needs_databases = false;
    std::vector<std::string> pinned;
    std::size_t samples = 0;
    std::uint32_t lane = 0;
    bool long_at_work = false;
  };
  [[nodiscard]] bool serves(const StageRequest& request) const;
  bool databases_are_here(Job& job);
  void put_to_work();

  SessionParts& parts_;
  DatabaseClient& databases_;
  std::unique_ptr<StageServers> servers_;
  PeerServiceOptions options_;
  std::vector<std::uint32_t> idle_;       ///< lanes
  std::deque<Job> waiting_;               ///< for a database, or for a lane
  std::map<std::uint64_t, Job> working_;  ///< by ticket
  std::set<std::pair<std::string, std::uint64_t>> known_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t samples_served_ = 0;
};

}  // namespace fd
