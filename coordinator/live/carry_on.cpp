#include "coordinator/live/carry_on.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <unistd.h>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/open_files.hpp"
#include "actors/transport/tcp_endpoint.hpp"
#include "coordinator/live/local_journals.hpp"
#include "coordinator/live/local_workers.hpp"
#include "coordinator/live/progress_display.hpp"
#include "coordinator/live/run_security.hpp"
#include "coordinator/merge/merge.hpp"
#include "coordinator/reports/timing.hpp"
#include "coordinator/text/commands_to_copy.hpp"
#include "coordinator/text/failure.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr std::size_t kSaidCharacters = 1000;  ///< of a peer's words in an error

/// Returns the command that goes on with the run.
std::string resume_command_line(const LiveOptions& options, const RunFolder& folder) {
  std::string line = resume_line(folder.dir().root());
  if (options.workers) {
    line += " --workers " + std::to_string(*options.workers);
  }
  if (options.listen) {
    line += " --listen " + shell_word(*options.listen);
  }
  return line;
}

std::string how_to_go_on(const LiveOptions& options, const RunFolder& folder) {
  const std::string& root = folder.dir().root();
  return "run folder: " + root +
         (file_exists(folder.dir().run_json())
              ? "\nto go on: " + resume_command_line(options, folder)
              : " (is gone, with what the workers had handed over)");
}

/// Returns what endpoints and workers said of the end, as one line that moves no cursor.
std::string one_line(const Error& error) {
  return printable(shortened(error.message, kSaidCharacters));
}

Result<int> merge_and_report(const LiveOptions& options, const RunConfig& config, RunFolder& folder,
                             const RunTimes& times) {
  FD_FAILPOINT("k16.merge_before_start");
  FD_TRY(const RunSummary summary, merge_run(folder.dir(), config, folder.facts().ingest, times));
  FD_FAILPOINT("k19.reports_before_finish");
  const int code = exit_code_of(summary);
  FD_TRY_VOID(folder.finish(config, code));
  std::fputs(render_summary(summary, folder.dir(), isatty(STDOUT_FILENO) == 1).c_str(), stdout);
  if (summary.failed > 0) {
    std::printf("\nto ask again for the %s failed samples: %s\n", grouped(summary.failed).c_str(),
                resume_command_line(options, folder).c_str());
  }
  return code;
}

/// What local workers had paid for when the coordinator ended behind the last shard is on the bill.
Result<void> take_up_journals(const RunFolder& folder) {
  if (!file_exists(folder.dir().ledger())) {
    return {};  // every shard was replayed by hand
  }
  LedgerStart start;
  ImportedJournals found;
  FD_TRY_VOID(open_run_ledger(folder.dir(), folder.facts().run_id, start, found));
  return {};
}

RunTimes times_of(const LiveEnd& live) {
  RunTimes times = live.end.times;
  times.wall_s = live.wall_s;
  times.reused = live.reused.answers;
  times.reused_cost = live.reused.cost;
  return times;
}

/// Says why a run ended before all was done, and how to go on. Returns the exit code.
int report_unfinished(const LiveEnd& live, const std::string& go_on) {
  const Error& error = live.end.error;
  const std::string left = what_is_left(live.end.failed);
  switch (live.end.kind) {
    case RunEnd::Kind::failed:
    case RunEnd::Kind::no_worker: {
      const int code = live.end.kind == RunEnd::Kind::no_worker ? report_failure(error, kExitBug)
                                                                : report_failure(error);
      std::fprintf(stderr, "%s\n", go_on.c_str());
      return code;
    }
    case RunEnd::Kind::no_endpoint:
      std::fprintf(stderr, "fd-coordinator: no usable endpoint: %s\n%s. %s\n",
                   one_line(error).c_str(), left.c_str(), go_on.c_str());
      return kExitNoEndpoint;
    case RunEnd::Kind::no_stage:
      std::fprintf(stderr, "fd-coordinator: %s\n%s. %s\n", one_line(error).c_str(), left.c_str(),
                   go_on.c_str());
      return kExitNoEndpoint;
    default:
      std::fprintf(stderr, "%s; %s. %s\n", stopped(live.end.in_flight).c_str(), left.c_str(),
                   go_on.c_str());
      return kExitSignal + live.signal;
  }
}

}  // namespace

Result<void> check_live_options(const LiveOptions& options) {
  if (options.listen) {
    FD_TRY_VOID(is_loopback_endpoint(*options.listen));
  } else if (options.local_workers() == 0) {
    return Error{Errc::invalid_input,
                 "--workers 0 needs --listen ENDPOINT: nobody would do the work"};
  }
  if (options.local_workers() > 0) {
    FD_TRY_VOID(sibling_program("fd-worker"));
  }
  return {};
}

Result<void> check_place(const LiveOptions& options, const std::string& config_directory,
                         RunConfig& config) {
  std::string& keys = config.transport.keys;
  if (!keys.empty()) {
    std::error_code failed;
    const std::filesystem::path path = std::filesystem::path(config_directory) / keys;
    const std::filesystem::path whole = std::filesystem::absolute(path, failed);
    keys = (failed ? path : whole.lexically_normal()).string();
  }
  FD_TRY_VOID(secure_run(config.transport, options.listen));
  FD_TRY_VOID(check_sqlite_library());
  FD_TRY_VOID(raise_open_files(options.listen ? kOpenFilesToListen : kOpenFilesMin));
  return {};
}

Result<int> carry_on(const LiveOptions& options, const RunConfig& config, RunFolder& folder,
                     StopSignals& signals) {
  FD_TRY(const RunShards shards, folder.shards());
  const bool all_committed = shards.done == shards.total;
  if (all_committed && folder.facts().exit_code && folder.facts().merged == shards.digest) {
    std::printf("%s is complete (exit code %d): %s\n", folder.facts().run_id.c_str(),
                *folder.facts().exit_code, folder.dir().root().c_str());
    return *folder.facts().exit_code;
  }
  signals.say("every answer is recorded. " + how_to_go_on(options, folder));
  FD_TRY_VOID(folder.begin(config));
  if (all_committed) {  // stopped before or during the merge, or a shard was replayed since
    FD_TRY_VOID(take_up_journals(folder));
    return merge_and_report(options, config, folder, {});
  }
  FD_TRY(const LiveEnd live, run_live(options, config, folder, shards, signals));
  if (live.end.kind != RunEnd::Kind::finished || live.signal != 0) {
    return report_unfinished(live, how_to_go_on(options, folder));
  }
  return merge_and_report(options, config, folder, times_of(live));
}

}  // namespace fd
