#include "coordinator/inspect/verify.hpp"

#include <cstdio>

#include "coordinator/commands/command.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

Result<int> verify(const ParsedCommand& parsed, StopSignals& /*signals*/) {
  const RunDir dir(parsed.positionals.front());
  FD_TRY(const VerifyReport report, verify_run(dir));
  std::fputs(render_problems(report).c_str(), stderr);
  std::fputs(render_verify(report, dir).c_str(), stdout);
  return report.sound() ? kExitComplete : kExitCorrupt;
}

}  // namespace

Command verify_command() {
  return {.name = "verify",
          .summary = "recompute every digest of a run",
          .usage = "RUN_DIR",
          .about =
              "Recomputes every digest of a run, the conservation law and order. Changes nothing. "
              "Exit 5: damage was\n"
              "found, and each damaged file is named with the byte from which on it is.",
          .run = verify};
}

}  // namespace fd
