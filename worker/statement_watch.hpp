#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/stages/exec.hpp"
#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"

namespace fd {

/// A statement that has run for so long is named in the log, and given up when the worker is to
/// leave.
inline constexpr std::chrono::seconds kSlowStatement{10};

/// Watches the statements that run for one session: names slow ones, and interrupts them when
/// nobody can wait for them any more. Thread: any.
class StatementWatch {
 public:
  /// Lifetime: `clock` and `log` outlive it.
  StatementWatch(const Clock& clock, const Log& log) : clock_(clock), log_(log) {}

  /// The worker is to leave: statements that run by now are interrupted if they are slow, or get
  /// slow. Those that begin later are not: the worker may stay after all.
  void hurry() { hurried_ = clock_.now(); }
  /// The session is over: every statement is interrupted.
  void stop() { over_ = true; }

  /// What is known of the statement that runs in one sandbox.
  struct Seen {
    Instant begun{};
    bool named = false;
  };
  /// Looks at a statement in `database`. Returns whether it may go on.
  bool look(const RunningSql& running, const std::string& database, Seen& seen) const;

 private:
  const Clock& clock_;
  const Log& log_;
  std::atomic<Instant> hurried_ = Instant::min();
  std::atomic<bool> over_ = false;
};

/// Opens the databases in `directory`, each a file named by its digest, for statements that `watch`
/// watches.
SandboxOpener watched_opener(std::string directory, std::shared_ptr<StatementWatch> watch);

}  // namespace fd
