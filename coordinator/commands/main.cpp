#include <algorithm>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "actors/system/process.hpp"
#include "actors/system/stop_signals.hpp"
#include "coordinator/commands/command.hpp"
#include "coordinator/text/failure.hpp"

namespace {

using namespace fd;

std::vector<Command> all_commands() {
  return {check_command(), run_command(),    resume_command(),  replay_command(), ids_command(),
          show_command(),  status_command(), explain_command(), keygen_command(), verify_command()};
}

void print_overview(std::FILE* out) {
  std::fputs("usage: fd-coordinator COMMAND [...]\n\ncommands:\n", out);
  for (const Command& command : all_commands()) {
    std::fprintf(out, "  %-7s %s\n", command.name.c_str(), command.summary.c_str());
  }
  std::fputs("\n`fd-coordinator COMMAND --help` tells more; --version shows the version.\n", out);
}

Error unknown_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : all_commands()) {
    names.push_back(command.name);
  }
  return Error{Errc::invalid_input, "unknown command '" + name + "'" + did_you_mean(name, names)};
}

Result<int> start(const Command& command, const std::vector<std::string>& arguments) {
  CommandSpec spec{"fd-coordinator " + command.name + " " + command.usage, command.about,
                   command.arguments, command.arguments, command.options};
  spec.options.push_back({"--help", "", "show this"});
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    std::fputs(help_text(spec).c_str(), stdout);
    return kExitComplete;
  }
  FD_TRY(const ParsedCommand parsed, parse_command(spec, arguments));
  if (!command.outlives_reader) {
    std::signal(SIGPIPE, SIG_DFL);  // `... | head` ends these as it ends any filter
  }
  StopSignals signals;
  return command.run(parsed, signals);
}

}  // namespace

int main(int argc, char** argv) {
  set_up_process();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    print_overview(stderr);
    return kExitUsage;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "help") {
    print_overview(stdout);
    return kExitComplete;
  }
  if (name == "--version") {
    std::puts("fd-coordinator " FD_VERSION);
    return kExitComplete;
  }
  for (const Command& command : all_commands()) {
    if (command.name == name) {
      const auto code = start(command, {arguments.begin() + 1, arguments.end()});
      return code.ok() ? *code : report_failure(code.error());
    }
  }
  return report_failure(unknown_command(name));
}
