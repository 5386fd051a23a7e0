#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/system/log.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/worker_databases.hpp"
#include "tests/sim/worker_disk.hpp"
#include "worker/worker_loop.hpp"

namespace fd::sim {

/// One life of fd-worker: the real WorkerLoop, RunSession, PeerService, RemoteStageLoop,
/// CallGateway and CallQueue; its connections, disks and stages are simulated.
class WorkerProcess final : public Process,
                            public Receiver,
                            public PeerServer,
                            private WorkerPorts,
                            private SessionParts {
 public:
  /// How a life ends by itself: asked to, because its disk or a sample killed it, or because the
  /// coordinator and it do not go together.
  enum class End { stopped, disk_failed, poisoned, refused };

  /// `ended` is called at most once. Lifetime: `services` and `disk` outlive this.
  WorkerProcess(Services& services, WorkerDisk& disk, std::uint32_t number,
                std::uint64_t incarnation, std::function<void(WorkerProcess&, End)> ended);

  void start();
  void stop();  ///< SIGTERM
  void receive(const std::string& from, std::string bytes) override;
  void connected_again(const std::string& connection) override;
  void receive_request(const std::string& connection, std::string bytes) override;
  [[nodiscard]] bool reachable() const override { return alive() && !over_; }
  /// Returns whether it runs batches of others.
  [[nodiscard]] bool serving() const { return at_work_ > 0; }
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }

 private:
  void say(const Deliver& deliver) const;
  // WorkerPorts
  void send(Wire wire, std::string frame) override;
  void reconnect_bulk() override;
  void wake_at(Instant due, std::uint64_t generation) override;
  void peers_known(const std::vector<PeerInfo>&) override {}
  void silent(Duration) override {}
  void journal_failed(const Error& error) override;
  void ended(int exit_code) override;
  // SessionParts
  Result<OpenedJournal> open_journal(const JournalIdentity& identity,
                                     std::function<void(const Error&)> failed) override;
  Result<std::unique_ptr<Gateway>> make_gateway(const RunConfig& config, CallJournal& journal,
                                                std::uint64_t seed, ChatCallback callback) override;
  Result<std::unique_ptr<SessionStages>> start_stages(const SessionIdentity& session,
                                                      const RunConfig& config, const Digest& digest,
                                                      GatewayFactory make_gateway) override;
  Result<std::unique_ptr<StageServers>> start_servers(const RunConfig& config) override;
  void reply_to_peer(const std::string& peer, std::string frame) override;
  void check_database(const Sample& sample) const;

  Services& services_;
  WorkerDisk& disk_;
  std::uint32_t number_;
  std::uint64_t incarnation_;
  std::function<void(WorkerProcess&, End)> ended_;
  Random random_;
  Log log_;
  std::uint32_t at_work_ = 0;  ///< batches of others
  bool over_ = false;
  Time mailbox_ = 0;  ///< when the loop has got all that the stages have handed on
  SimDatabases databases_;
  std::string control_;  ///< connection for states
  std::string bulk_;     ///< connection for all else
  WorkerLoop loop_;      ///< last: it uses all of the above
};

}  // namespace fd::sim
