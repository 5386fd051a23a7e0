#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fd {

/// What `fd-coordinator replay` was told on the command line.
struct ReplayCommand {
  std::string target;                  ///< a shard's manifest or folder, or a run's folder
  std::optional<std::uint32_t> shard;  ///< --shard
  bool fresh = false;                  ///< --fresh: ask again for what failed or is missing
  std::string databases;               ///< --databases; empty: those of the run
  std::string gateway;                 ///< --gateway FILE; empty: the run's, or the environment's
};

/// Runs one shard again from its folder alone. Without `fresh`: from the recorded answers, with no
/// call, to compare. With it: asks for what is missing and commits the shard where it lies. Results
/// go to standard output. Returns the exit code of docs/contract.md.
/// Requires: SIGINT and SIGTERM are blocked in every thread.
int replay_command(const ReplayCommand& command);

}  // namespace fd
