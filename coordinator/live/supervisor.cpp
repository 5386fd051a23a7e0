#include "coordinator/live/supervisor.hpp"

#include <csignal>
#include <memory>
#include <optional>

#include "actors/system/process.hpp"

namespace fd {
namespace {

/// What SIGHUP asks for.
void reload(const SupervisedRun& run) {
  const auto keys = reload_allow_list(run.transport, run.security);
  run.display.message(keys.ok() ? "allow-list read again: " + std::to_string(*keys) + " keys"
                                : "allow-list NOT changed: " + keys.error().message);
}

/// Plaintext on a network is said again and again for as long as it lasts.
void warn_of_plaintext(const SupervisedRun& run, std::optional<Instant>& warned) {
  constexpr Duration kEvery = std::chrono::minutes(1);
  const Instant now = run.clock.now();
  if (run.security.plaintext_on_network && (!warned || now - *warned >= kEvery)) {
    warned = now;
    run.log.warn("plaintext_on_network", {{"listen", *run.options.listen},
                                          {"why", "transport.allow_plaintext_non_loopback"}});
  }
}

/// Tells the coordinator which local workers ended; without any left nobody does the work.
void reap(const SupervisedRun& run) {
  for (const WorkerExit& exit : run.local.reap(run.samples_done)) {
    act::post(run.coordinator, LocalWorkerEnded{exit.name, exit.replaced});
    run.display.message("worker " + exit.name + " ended " + exit.how +
                        (exit.replaced ? "; another one takes its place" : "; not started again") +
                        " (" + run.logs + ")");
  }
  if (run.options.local_workers() > 0 && run.local.alive() == 0 && !run.options.listen) {
    act::post(run.coordinator,
              RunFailed{std::make_shared<Error>(Error{
                            Errc::unavailable, "no worker is left: every one ended more than " +
                                                   std::to_string(kWorkerRestartsMax) +
                                                   " times; see " + run.logs + "/*/worker.log"}),
                        RunEnd::Kind::no_worker});
  }
}

}  // namespace

sigset_t supervised_signals(const RunSecurity& security) {
  // SIGHUP asks for the allow-list to be read again; without one it ends the process.
  return security.own ? signal_set({SIGCHLD, SIGHUP}) : signal_set({SIGCHLD});
}

void supervise(const SupervisedRun& run, const std::future<RunEnd>& end) {
  const sigset_t signals = supervised_signals(run.security);
  bool draining = false;
  std::optional<Instant> warned;  // of plaintext on a network
  while (end.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    warn_of_plaintext(run, warned);
    if (run.drain.signal() != 0 && !draining) {
      draining = true;
      act::post(run.coordinator, DrainNow{});  // first: a terminal may be stuck
      run.display.message("stopping: calls under way are still recorded, for at most " +
                          std::to_string(run.options.drain_s) + " s (again: stop at once)");
    }
    const int number = next_signal(signals, std::chrono::seconds(1));
    if (number == SIGCHLD) {
      reap(run);
    } else if (number == SIGHUP) {
      reload(run);
    }
  }
}

}  // namespace fd
