#include "coordinator/inspect/explain.hpp"

#include <cstdio>

#include "coordinator/commands/command.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

Result<int> explain(const ParsedCommand& parsed, StopSignals& /*signals*/) {
  FD_TRY(const std::string text,
         explain_sample(RunDir(parsed.positionals.front()), parsed.positionals.back()));
  std::fputs(text.c_str(), stdout);
  return kExitComplete;
}

}  // namespace

Command explain_command() {
  return {.name = "explain",
          .summary = "tell one sample's whole life",
          .usage = "RUN_DIR SAMPLE_ID",
          .about =
              "Tells one sample's whole life: input, calls, tokens, cost, answers, gates, verdict, "
              "export.\n"
              "The first 6 digits of the id will do when no other sample has them.",
          .arguments = 2,
          .run = explain};
}

}  // namespace fd
