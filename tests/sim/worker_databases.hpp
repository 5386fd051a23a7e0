#pragma once

#include <string>

#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/worker_disk.hpp"
#include "worker/database_store.hpp"

namespace fd {
class WorkerLoop;
}

namespace fd::sim {

/// The store of a worker's databases: what a machine keeps outlives its processes, one thing is
/// done after the other, and answers come as events.
class SimDatabases final : public DatabaseStore {
 public:
  /// Lifetime: all outlive it.
  SimDatabases(Process& process, Services& services, std::uint64_t incarnation, WorkerDisk& disk,
               WorkerLoop& loop)
      : process_(process),
        services_(services),
        random_(services.plan.seed, "databases" + std::to_string(incarnation)),
        disk_(disk),
        loop_(loop) {}
  void list() override;
  void look(const Digest& digest, std::uint64_t look) override;
  void add(DatabaseChunk chunk) override;
  void remove(const Digest& digest) override;

 private:
  void later(Task task);
  void check_room() const;

  Process& process_;
  Services& services_;
  Random random_;
  Time idle_at_ = 0;  ///< when all is done that was asked for
  WorkerDisk& disk_;
  WorkerLoop& loop_;
};

}  // namespace fd::sim
