#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <future>
#include <string>

#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "actors/system/stop_signals.hpp"
#include "coordinator/live/live_run.hpp"
#include "coordinator/live/local_workers.hpp"
#include "coordinator/live/progress_display.hpp"
#include "coordinator/live/run_security.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// A run that works, and who hears of what happens to it.
struct SupervisedRun {
  const LiveOptions& options;
  const TransportConfig& transport;
  const RunSecurity& security;
  const caf::actor& coordinator;
  LocalWorkers& local;
  std::string logs;  ///< the folder of the local workers' logs
  const std::atomic<std::uint64_t>& samples_done;
  const Drain& drain;
  ProgressDisplay& display;
  const Log& log;
  const Clock& clock;
};

/// Returns the signals that supervise() takes.
sigset_t supervised_signals(const RunSecurity& security);
/// Waits for the run's end, for signals, and for local workers that end by themselves.
/// Requires: supervised_signals() are blocked in every thread.
void supervise(const SupervisedRun& run, const std::future<RunEnd>& end);

}  // namespace fd
