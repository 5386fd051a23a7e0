#include "coordinator/inspect/status.hpp"

#include <cstdio>

#include "coordinator/commands/command.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

Result<int> status(const ParsedCommand& parsed, StopSignals& /*signals*/) {
  FD_TRY(const RunStatus found, read_status(RunDir(parsed.positionals.front())));
  const std::string text =
      parsed.has("--json") ? json::canonical(to_json(found)) + "\n" : render_status(found);
  std::fputs(text.c_str(), stdout);
  return kExitComplete;
}

}  // namespace

Command status_command() {
  return {.name = "status",
          .summary = "tell how far a run is",
          .usage = "RUN_DIR [--json]",
          .about = "Tells how far a run is, live or not: samples, calls, cost, shards, workers.",
          .options = {{"--json", "", "one JSON object, for programs"}},
          .run = status};
}

}  // namespace fd
