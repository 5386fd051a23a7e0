#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/command_line.hpp"
#include "actors/system/process_privacy.hpp"
#include "actors/system/shell_text.hpp"
#include "coordinator/commands/keygen.hpp"
#include "coordinator/commands/replay.hpp"
#include "coordinator/commands/resume.hpp"
#include "coordinator/commands/run.hpp"
#include "coordinator/commands/show.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "coordinator/inspect/explain.hpp"
#include "coordinator/inspect/status.hpp"
#include "coordinator/inspect/verify.hpp"
#include "coordinator/merge/merge.hpp"
#include "coordinator/text/exit_code.hpp"
#include "protocol/run_dir.hpp"

/// Read by jemalloc at start: freed pages stay for a minute, because the next batch wants them
/// again.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:60000,muzzy_decay_ms:60000";
}

namespace {

using namespace fd;  // the composition root speaks of nearly everything

constexpr std::uint64_t kWorkersMax = 1024;

const CommandOption kHelp{"--help", "", "show this", false};
const CommandOption kInput{
    "--input", "FILE", "rows to read instead of the config's `input` (- is standard input)", true};
const CommandOption kWorkers{"--workers", "N", "local worker processes (default: 2)", false};
const CommandOption kListen{"--listen", "ENDPOINT",
                            "take other workers too, such as tcp://127.0.0.1:5555", false};
const CommandOption kQuiet{"--quiet", "", "no progress", false};
const CommandOption kLogLevel{"--log-level", "LEVEL",
                              "error, warn, info, debug or trace (default: warn)", false};
const CommandOption kSet{"--set", "KEY=VALUE", "override one key of the config", true};

CommandSpec run_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator run CONFIG [options]";
  spec.about =
      "Runs the whole way from raw rows to the export. The same command again continues a run that "
      "was\n"
      "stopped, asks again for failed samples, or says that the run is complete.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {kInput,
                  {"--out", "DIR",
                   "artifacts root; the run goes to DIR/RUN_ID (default: "
                   "$FASTDISTILL_ARTIFACTS_DIR or ~/.cache/fastdistill/artifacts)",
                   false},
                  {"--run-id", "ID", "the run's name (default: from config and input)", false},
                  kWorkers,
                  kListen,
                  {"--limit", "N", "take only the first N rows", false},
                  kSet,
                  kQuiet,
                  kLogLevel,
                  kHelp};
  return spec;
}

CommandSpec resume_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator resume RUN_DIR [options]";
  spec.about =
      "Goes on with a run that was killed or stopped, or has failed samples. Everything is taken "
      "from "
      "the\nrun's folder; only what decides no output may be changed.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {kWorkers, kListen, kSet, kQuiet, kLogLevel, kHelp};
  return spec;
}

CommandSpec replay_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator replay MANIFEST | RUN_DIR --shard K [options]";
  spec.about =
      "Runs one shard again from its folder alone: with the recorded answers and no call, to "
      "compare; or,\nwith --fresh, asking again for what failed or is missing, and commits it "
      "where "
      "it lies.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {{"--shard", "K", "which shard of the run", false},
                  {"--fresh", "", "ask again for what failed or is missing", false},
                  {"--databases", "DIR",
                   "where the rows' databases lie, under any name (default: the run's)", false},
                  {"--gateway", "FILE", "endpoints to ask (default: the run's)", false},
                  kHelp};
  return spec;
}

CommandSpec ids_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator ids CONFIG [--input FILE]...";
  spec.about = "Prints line, sample_id and canonical_input of every row as JSONL.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {kInput, kSet, kHelp};
  return spec;
}

CommandSpec show_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator show RUN_DIR [--reason R] [--limit N]";
  spec.about = "Prints rows with prompt, answer and verdict, to read.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {{"--reason", "R", "only rows with this reason (ok: the kept ones)", false},
                  {"--limit", "N", "at most N rows (default: 10)", false},
                  kHelp};
  return spec;
}

CommandSpec verify_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator verify RUN_DIR";
  spec.about =
      "Recomputes every digest of a run, the conservation law and order. Changes nothing. Exit 5: "
      "damage was\nfound, and each damaged file is named with the byte from which on it is.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {kHelp};
  return spec;
}

CommandSpec status_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator status RUN_DIR [--json]";
  spec.about = "Tells how far a run is, live or not: samples, calls, cost, shards, workers.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {{"--json", "", "one JSON object, for programs", false}, kHelp};
  return spec;
}

CommandSpec explain_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator explain RUN_DIR SAMPLE_ID";
  spec.about =
      "Tells one sample's whole life: input, calls, tokens, cost, answers, gates, verdict, "
      "export.\n"
      "The first 6 digits of the id will do when no other sample has them.";
  spec.positionals_min = spec.positionals_max = 2;
  spec.options = {kHelp};
  return spec;
}

CommandSpec keygen_spec() {
  CommandSpec spec;
  spec.usage = "fd-coordinator keygen DIR [--worker NAME]...";
  spec.about =
      "Makes CURVE keys for a coordinator and its workers, or adds workers. Never replaces a key.\n"
      "Prints the public keys.";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {{"--worker", "NAME", "a worker, or the workers NAME-... (default: worker)", true},
                  kHelp};
  return spec;
}

int fail(const Error& error, int code) {
  std::fprintf(stderr, "fd-coordinator: %s\n", error.message.c_str());
  return code;
}

std::string artifacts_root(const ParsedCommand& parsed) {
  if (const auto out = parsed.value("--out")) {
    return *out;
  }
  if (const auto from_environment = environment_variable("FASTDISTILL_ARTIFACTS_DIR")) {
    return *from_environment;
  }
  return environment_variable("HOME").value_or(".") + "/.cache/fastdistill/artifacts";
}

/// Reads the options that `run` and `resume` share. Errors: invalid_input.
Result<LiveOptions> live_options(const ParsedCommand& parsed) {
  LiveOptions live;
  if (parsed.has("--workers")) {
    FD_TRY(const std::uint64_t workers, parsed.number("--workers", 0, 0, kWorkersMax));
    live.workers = static_cast<std::uint32_t>(workers);
  }
  live.listen = parsed.value("--listen");
  live.quiet = parsed.has("--quiet");
  if (const auto name = parsed.value("--log-level")) {
    const auto level = log_level_from_name(*name);
    if (!level) {
      return Error{Errc::invalid_input,
                   "--log-level: '" + *name + "' is none of error, warn, info, debug, trace"};
    }
    live.level = *level;
  }
  return live;
}

int run(const ParsedCommand& parsed) {
  RunCommand command;
  command.config_path = parsed.positionals.front();
  command.inputs = parsed.all("--input");
  command.artifacts = artifacts_root(parsed);
  command.run_id = parsed.value("--run-id");
  if (command.run_id && !valid_run_id(*command.run_id)) {
    return fail(Error{Errc::invalid_input, "--run-id: must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}"},
                kExitUsage);
  }
  const auto limit = parsed.number("--limit", 0, 1, UINT64_MAX >> 11);
  auto live = live_options(parsed);
  if (!live.ok() || !limit.ok()) {
    return fail(live.ok() ? limit.error() : live.error(), kExitUsage);
  }
  command.limit = *limit;
  command.sets = parsed.all("--set");
  command.live = std::move(live).value();
  return run_command(command);
}

int resume(const ParsedCommand& parsed) {
  auto live = live_options(parsed);
  if (!live.ok()) {
    return fail(live.error(), kExitUsage);
  }
  return resume_command({parsed.positionals.front(), parsed.all("--set"), std::move(live).value()});
}

int replay(const ParsedCommand& parsed) {
  ReplayCommand command;
  command.target = parsed.positionals.front();
  if (parsed.has("--shard")) {
    const auto shard = parsed.number("--shard", 0, 0, UINT32_MAX);
    if (!shard.ok()) {
      return fail(shard.error(), kExitUsage);
    }
    command.shard = static_cast<std::uint32_t>(*shard);
  }
  command.fresh = parsed.has("--fresh");
  command.databases = parsed.value("--databases").value_or("");
  command.gateway = parsed.value("--gateway").value_or("");
  return replay_command(command);
}

int ids(const ParsedCommand& parsed) {
  const auto loaded =
      load_config(parsed.positionals.front(), {environment_variable, parsed.all("--set")});
  if (!loaded.ok()) {
    return fail(loaded.error(), kExitUsage);
  }
  const auto inputs =
      resolve_inputs(parsed.all("--input"), loaded->config.input, loaded->directory);
  if (!inputs.ok()) {
    return fail(inputs.error(), kExitUsage);
  }
  std::vector<InputSpec> specs;
  for (const std::string& path : *inputs) {
    specs.push_back({path});
  }
  const auto printed = print_ids(loaded->config, specs, [](std::string_view text) -> Result<void> {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      return Error{Errc::storage, "cannot write to standard output"};
    }
    return {};
  });
  if (!printed.ok() || std::fflush(stdout) != 0) {
    const Error error =
        printed.ok() ? Error{Errc::storage, "cannot write to standard output"} : printed.error();
    return fail(error, error.code == Errc::storage ? 7 : kExitInput);
  }
  return 0;
}

int show(const ParsedCommand& parsed) {
  ShowOptions options;
  options.reason = parsed.value("--reason").value_or("");
  const auto limit = parsed.number("--limit", 10, 1, UINT64_MAX >> 11);
  if (!limit.ok()) {
    return fail(limit.error(), kExitUsage);
  }
  options.limit = *limit;
  const auto text = show_rows(RunDir(parsed.positionals.front()), options);
  if (!text.ok()) {
    return fail(text.error(), exit_code_of(text.error().code));
  }
  std::fputs(text->c_str(), stdout);
  return 0;
}

int verify(const ParsedCommand& parsed) {
  const RunDir dir(parsed.positionals.front());
  const auto report = verify_run(dir);
  if (!report.ok()) {
    return fail(report.error(), exit_code_of(report.error().code));
  }
  std::fputs(render_problems(*report).c_str(), stderr);
  std::fputs(render_verify(*report, dir).c_str(), stdout);
  return report->sound() ? 0 : kExitCorrupt;
}

int status(const ParsedCommand& parsed) {
  const auto found = read_status(RunDir(parsed.positionals.front()));
  if (!found.ok()) {
    return fail(found.error(), exit_code_of(found.error().code));
  }
  std::fputs(parsed.has("--json") ? (json::canonical(to_json(*found)) + "\n").c_str()
                                  : render_status(*found).c_str(),
             stdout);
  return 0;
}

int explain(const ParsedCommand& parsed) {
  const auto text = explain_sample(RunDir(parsed.positionals.front()), parsed.positionals.back());
  if (!text.ok()) {
    return fail(text.error(), exit_code_of(text.error().code));
  }
  std::fputs(text->c_str(), stdout);
  return 0;
}

int keygen(const ParsedCommand& parsed) {
  const auto report = make_keys(parsed.positionals.front(), parsed.all("--worker"));
  if (!report.ok()) {
    return fail(report.error(), exit_code_of(report.error().code));
  }
  for (const std::string& line : report->lines) {
    std::puts(line.c_str());
  }
  return 0;
}

struct Command {
  const char* name;
  CommandSpec (*spec)();
  int (*run)(const ParsedCommand&);
  const char* about;
  bool waits_for_signals = false;  ///< SIGINT, SIGTERM and SIGCHLD stay blocked in every thread
};

constexpr Command kCommands[] = {
    {"run", run_spec, run, "run the pipeline from raw rows to the export", true},
    {"resume", resume_spec, resume, "go on with a run that was stopped, or has failed samples",
     true},
    {"replay", replay_spec, replay, "run one shard again from its folder", true},
    {"ids", ids_spec, ids, "print the sample ids of rows"},
    {"show", show_spec, show, "print rows of a run, with answers and verdicts"},
    {"status", status_spec, status, "tell how far a run is"},
    {"explain", explain_spec, explain, "tell one sample's whole life"},
    {"keygen", keygen_spec, keygen, "make keys for workers on other machines"},
    {"verify", verify_spec, verify, "recompute every digest of a run"}};

void print_overview(std::FILE* out) {
  std::fputs("usage: fd-coordinator COMMAND [...]\n\ncommands:\n", out);
  for (const Command& command : kCommands) {
    std::fprintf(out, "  %-7s %s\n", command.name, command.about);
  }
  std::fputs("\n`fd-coordinator COMMAND --help` tells more; --version shows the version.\n", out);
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) {
    sigaddset(&signals, number);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that must not grow is an error of its write
  umask(077);
  keep_process_private();

  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    print_overview(stderr);
    return kExitUsage;
  }
  if (arguments.front() == "--help" || arguments.front() == "help") {
    print_overview(stdout);
    return 0;
  }
  if (arguments.front() == "--version") {
    std::puts("fd-coordinator " FD_VERSION);
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    names.emplace_back(command.name);
    if (arguments.front() != command.name) {
      continue;
    }
    const auto parsed = parse_command(command.spec(), {arguments.begin() + 1, arguments.end()});
    const bool wants_help =
        std::find(arguments.begin() + 1, arguments.end(), "--help") != arguments.end();
    if (wants_help) {
      std::fputs(help_text(command.spec()).c_str(), stdout);
      return 0;
    }
    if (!parsed.ok()) {
      return fail(parsed.error(), kExitUsage);
    }
    if (command.waits_for_signals) {
      pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // every thread: the command waits for them
    } else {
      std::signal(SIGPIPE, SIG_DFL);  // `... | head` ends these as it ends any filter
    }
    return command.run(*parsed);
  }
  return fail(Error{Errc::invalid_input, "unknown command '" + arguments.front() + "'" +
                                             did_you_mean(arguments.front(), names)},
              kExitUsage);
}
