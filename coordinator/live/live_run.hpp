#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/system/log.hpp"
#include "actors/system/stop_signals.hpp"
#include "coordinator/control/coordinator_actor.hpp"
#include "coordinator/live/progress_display.hpp"
#include "coordinator/reuse/reuse_index.hpp"
#include "coordinator/run/run_folder.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Who does the work of a run, and what is shown of it. Decides no output.
struct LiveOptions {
  std::optional<std::uint32_t> workers;   ///< local ones; nothing: 2
  std::optional<std::string> listen;      ///< where others may come to
  std::uint32_t drain_s = kDrainSeconds;  ///< how long a signal waits for calls under way
  ProgressMode progress = ProgressMode::plain;
  LogLevel level = LogLevel::warn;

  /// Returns how many local workers there are.
  [[nodiscard]] std::uint32_t local_workers() const { return workers.value_or(2); }
};

/// How the live part of a run ended.
struct LiveEnd {
  RunEnd end;
  int signal = 0;  ///< that asked for the end; 0: none
  double wall_s = 0;
  ReuseTally reused;  ///< by this start
};

/// The live part of a run: from the leases to the last shard.
/// The first signal of `signals` ends it as soon as no call is under way, at most `drain_s` later.
/// Requires: as carry_on(). Errors: what keeps a run from starting; later ones are in LiveEnd.
Result<LiveEnd> run_live(const LiveOptions& options, const RunConfig& config,
                         const RunFolder& folder, const RunShards& shards, StopSignals& signals);

}  // namespace fd
