#pragma once

#include "tests/sim/process.hpp"
#include "tests/sim/worker_disk.hpp"
#include "worker/database_store.hpp"

namespace fd {
class WorkerLoop;
}

namespace fd::sim {

/// The store of a worker's databases: what a machine keeps outlives its processes, and answers come
/// as events.
class SimDatabases final : public DatabaseStore {
 public:
  /// Lifetime: all outlive it.
  SimDatabases(Process& process, WorkerDisk& disk, WorkerLoop& loop)
      : process_(process), disk_(disk), loop_(loop) {}
  void list() override;
  void look(const Digest& digest, std::uint64_t look) override;
  void add(DatabaseChunk chunk) override;
  void remove(const Digest& digest) override;

 private:
  Process& process_;
  WorkerDisk& disk_;
  WorkerLoop& loop_;
};

}  // namespace fd::sim
