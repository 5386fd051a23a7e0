#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "actors/keys/curve_keys.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// How often one local worker that ended by itself is started again while no sample gets done: more
/// than it takes to find a sample that ends it (docs/recovery.md, 6).
inline constexpr std::uint32_t kWorkerRestartsMax = 8;

/// The fd on which a local worker finds its keys.
inline constexpr int kLocalKeysFd = 3;

/// What local workers prove themselves with.
struct LocalWorkerKeys {
  CurveKeyPair own;
  CurvePublicKey server;
};

/// Returns the name of a local worker. `number`: as its folder in the run is called.
std::string local_worker_name(const std::string& number);

struct LocalWorkerOptions {
  std::string program;   ///< path of fd-worker
  std::string endpoint;  ///< where the coordinator listens
  std::string
      log_directory;  ///< each worker has <log_directory>/<k>: worker.log, journal, databases
  std::string log_level = "info";
  std::uint32_t count = 0;
  std::uint32_t exec_threads = 0;  ///< of each; 0: the worker's own default
  /// Handed over in a file without a name (memfd), so that no argument, environment or folder ever
  /// has them. Nothing: plaintext.
  std::optional<LocalWorkerKeys> keys;
};

/// What became of a child.
struct WorkerExit {
  std::string name;
  bool replaced = false;
  std::string how;  ///< "by signal 9", "with exit code 2"
};

/// The worker processes that a coordinator starts itself. They end with it, whatever ends it.
/// Thread: the one that started them (the kernel ties their life to that thread).
class LocalWorkers {
 public:
  explicit LocalWorkers(LocalWorkerOptions options) : options_(std::move(options)) {}
  /// Kills what is left.
  ~LocalWorkers();
  LocalWorkers(const LocalWorkers&) = delete;
  LocalWorkers& operator=(const LocalWorkers&) = delete;

  /// Errors: not_found (no fd-worker beside this program), storage.
  Result<void> start();
  /// Collects children that ended and starts them again, up to kWorkerRestartsMax times each
  /// without a sample done in between. `samples_done`: of the whole run, so far.
  std::vector<WorkerExit> reap(std::uint64_t samples_done);
  /// Returns how many are running.
  [[nodiscard]] std::uint32_t alive() const;
  /// Asks all to end, waits for at most `patience_ms`, then kills. Units: milliseconds.
  void stop(int patience_ms);

 private:
  struct Child {
    pid_t pid = -1;
    std::uint32_t restarts = 0;
    std::uint64_t samples_done = 0;  ///< when it ended last
  };
  Result<void> write_keys();
  [[nodiscard]] std::string directory(std::uint32_t index) const;
  Result<void> spawn(std::uint32_t index);
  LocalWorkerOptions options_;
  int keys_fd_ = -1;  ///< of the file with the keys
  std::vector<Child> children_;
};

/// Returns the path of the program `name` beside the running one. Errors: not_found.
Result<std::string> sibling_program(const std::string& name);

}  // namespace fd
