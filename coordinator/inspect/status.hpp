#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/control/coordinator_core.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Whether anybody works on a run.
enum class RunState {
  running,  ///< a coordinator holds it
  stopped,  ///< nobody does, and there is something left to do
  ended     ///< merged and reported
};
std::string_view name(RunState state);

/// How far a run is.
struct RunStatus {
  std::string root;
  std::string run_id;
  std::string task;
  std::string model;
  RunState state = RunState::stopped;
  std::string started_at;  ///< wall clock texts
  std::optional<int> exit_code;
  std::optional<std::string> finished_at;
  std::optional<std::uint64_t> epoch;  ///< of the start that spoke last
  std::optional<std::string> since;    ///< when that start began
  std::optional<std::string>
      updated_at;  ///< when it spoke; nothing: counted from the shards' files
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  std::uint64_t kept = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint32_t in_flight = 0;
  std::optional<std::uint64_t> calls;  ///< nothing: not known
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  double cost = 0;             ///< of the calls that have a price
  std::uint64_t unpriced = 0;  ///< calls whose price is not known
  bool calls_complete = true;  ///< the calls of earlier starts are in it
  std::uint32_t shards = 0;
  std::uint32_t shards_committed = 0;
  std::uint32_t shards_failed = 0;  ///< written, with failed samples
  std::uint32_t shards_pending = 0;
  std::uint32_t shards_leased = 0;  ///< of those that are not committed, at the moment
  std::vector<WorkerView> workers;
  std::optional<std::string> go_on;  ///< the command that goes on
};

/// Finds out how far the run in `dir` is, from run.json, who holds the lock, and what the
/// coordinator says of itself; opens no ledger. The shards' manifests are read, one at a time, when
/// nobody works on the run or has not spoken yet. Errors: not_found, corrupt, storage.
Result<RunStatus> read_status(const RunDir& dir);

/// Returns the status as people read it.
std::string render_status(const RunStatus& status);
/// Returns the status as docs/contract.md describes it.
json::Value to_json(const RunStatus& status);

}  // namespace fd
