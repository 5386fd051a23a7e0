#include "coordinator/live/supervisor.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "actors/system/process.hpp"
#include "protocol/exit_code.hpp"

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
    run.display.message("worker " + exit.name + " ended " + exit.how +
                        (exit.replaced ? "; another one takes its place" : "; not started again") +
                        " (" + run.logs + ")");
    act::post(run.coordinator, LocalWorkerEnded{exit.name, exit.replaced});
  }
  if (run.options.local_workers() > 0 && run.local.alive() == 0 && !run.options.listen) {
    act::post(run.coordinator,
              RunFailed{std::make_shared<Error>(
                  Error{Errc::unavailable, "no worker is left: every one ended more than " +
                                               std::to_string(kWorkerRestartsMax) + " times; see " +
                                               run.logs + "/*/worker.log"})});
  }
}

}  // namespace

int supervise(const SupervisedRun& run, const std::future<RunEnd>& end) {
  sigset_t signals = signal_set({SIGINT, SIGTERM, SIGCHLD});
  if (run.security.own) {
    sigaddset(&signals, SIGHUP);
  }
  int first = 0;
  std::optional<Instant> warned;  // of plaintext on a network
  while (end.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    warn_of_plaintext(run, warned);
    const int number = next_signal(signals, std::chrono::milliseconds(50));
    if (number == SIGCHLD) {
      reap(run);
    } else if (number == SIGHUP) {
      reload(run);
    } else if (number > 0 && first != 0) {
      run.display.message("stopped at once; what is recorded stays recorded");
      run.local.stop(0);
      std::fflush(nullptr);
      std::_Exit(kExitSignal + number);
    } else if (number > 0) {
      first = number;
      run.display.message("stopping: calls under way are still recorded (again: stop at once)");
      act::post(run.coordinator, DrainNow{});
    }
  }
  return first;
}

}  // namespace fd
