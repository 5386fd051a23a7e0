#pragma once

#include <memory>
#include <string>

#include "tests/support/simulated_disk.hpp"

namespace fd::testing_support {

/// Offers a SimulatedDisk to SQLite as a VFS. It says of itself what SQLite's own Unix VFS says
/// (sectors of 4,096 bytes, a torn write harms no bytes around it) and syncs the folder where that
/// one does: at the first sync of a journal or write-ahead log, and when a removal asks for it.
/// Locks and shared memory hold between connections of this process. Sleeping takes no time, so
/// whoever waits for a lock gives up at once. Lifetime: no connection may be open when it ends.
class FdsimVfs {
 public:
  explicit FdsimVfs(SimulatedDisk& disk);
  ~FdsimVfs();
  FdsimVfs(const FdsimVfs&) = delete;
  FdsimVfs& operator=(const FdsimVfs&) = delete;

  /// Returns what it is registered as: "fdsim" and a number.
  [[nodiscard]] const std::string& name() const;

  struct Impl;  ///< for the functions that SQLite calls

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd::testing_support
