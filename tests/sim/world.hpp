#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/coordinator_process.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/worker_disk.hpp"
#include "tests/sim/worker_process.hpp"

namespace fd::sim {

/// What became of a world.
struct Verdict {
  std::optional<std::string> failure;  ///< the first promise that was broken
  std::uint64_t trace = 0;             ///< hash of everything that happened
  std::uint64_t requests = 0;          ///< to the teacher
  std::uint64_t extra = 0;             ///< of those, repeats of a call that had not failed
  std::uint64_t events = 0;
  Time finished_at = 0;
  PeerTally peers;
};

/// A whole cluster under one seed: a coordinator, workers, a network, disks and a teacher. The same
/// plan gives the same events.
class World {
 public:
  World(Plan plan, bool print);
  ~World();

  /// Runs until all is committed, a promise is broken, or the time is over.
  Verdict run();

 private:
  struct Machine {
    std::unique_ptr<WorkerDisk> disk;
    WorkerProcess* process = nullptr;  ///< null: down
    bool for_good = false;             ///< never started again
  };

  void arrange();
  void resume(Process& stopped, std::uint32_t who);
  void heal();
  void start_coordinator();
  void start_worker(std::uint32_t number);
  void start_ghost(std::uint32_t number);
  void crash(const Crash& crash);
  void kill(const Crash& crash);
  void kill_coordinator(const Crash& crash);
  void replace_directory(std::size_t number);
  void kill_worker(std::uint32_t number, std::optional<Time> restart_after, bool told);
  void end_local_workers();
  void stop(const Stop& stop);
  void coordinator_ended(CoordinatorProcess::End how);
  void worker_ended(WorkerProcess& worker, std::uint32_t number, WorkerProcess::End how);
  void read_local_journals();
  void check_end();
  void check_bill();
  [[nodiscard]] Process* process(std::uint32_t who) const;
  [[nodiscard]] Time deadline() const;

  const Plan plan_;
  Dataset data_;
  Schedule schedule_;
  Trace trace_;
  Oracle oracle_;
  Contacts contacts_;
  Network network_;
  PeerNetwork peers_;
  MemoryLedger ledger_;
  Teacher teacher_;
  ProviderCalls provider_calls_;
  RunFiles files_;
  Deliveries deliveries_;
  Services services_;
  Random random_;
  std::vector<std::unique_ptr<Process>> processes_;  ///< all lives, for what refers to them
  CoordinatorProcess* coordinator_ = nullptr;        ///< null: down
  std::vector<Machine> machines_;                    ///< worker k at k - 1
  std::vector<std::unique_ptr<WorkerDisk>> ghost_disks_;
  std::uint64_t incarnations_ = 0;
  /// What a run directory had when it was copied.
  struct Copy {
    MemoryLedger::Content ledger;
    RunFiles files;
  };
  std::vector<std::optional<Copy>> copies_;  ///< by replacement
  std::optional<Time> stop_again_;  ///< a coordinator that was asked to stop starts again then
  bool healed_ = false;
  std::uint32_t resumes_ = 0;
  bool finished_ = false;
  bool died_ = false;  ///< a worker was killed
};

/// Runs one world of a campaign.
Verdict run_world(const Campaign& campaign, std::uint64_t seed, bool print = false);

}  // namespace fd::sim
