#include "actors/config/loader.hpp"
#include "actors/system/shell_text.hpp"
#include "coordinator/commands/command.hpp"
#include "coordinator/commands/shared_options.hpp"
#include "coordinator/commands/standard_output.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

Result<void> print(const RunConfig& config, const std::vector<InputSpec>& inputs) {
  FD_TRY_VOID(print_ids(config, inputs, print_out));
  return flush_out();
}

Result<int> ids(const ParsedCommand& parsed, StopSignals& /*signals*/) {
  FD_TRY(const LoadedConfig loaded,
         load_config(parsed.positionals.front(), {environment_variable, parsed.all("--set")}));
  FD_TRY(const std::vector<InputSpec> inputs, input_files(parsed, loaded));
  FD_TRY_VOID(print(loaded.config, inputs));
  return kExitComplete;
}

}  // namespace

Command ids_command() {
  return {.name = "ids",
          .summary = "print the sample ids of rows",
          .usage = "CONFIG [--input FILE]...",
          .about = "Prints line, sample_id and canonical_input of every row as JSONL.",
          .options = {kInputOption, kSetOption},
          .run = ids};
}

}  // namespace fd
