#include "coordinator/commands/show.hpp"

#include <map>
#include <optional>
#include <vector>

#include "coordinator/commands/command.hpp"
#include "coordinator/commands/shared_options.hpp"
#include "coordinator/commands/standard_output.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/row_text.hpp"
#include "coordinator/shards/sample_row.hpp"
#include "coordinator/text/report_text.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

constexpr std::size_t kIdDigits = 12;

void show_candidate(const Candidate& candidate, const Outcome& outcome,
                    const std::vector<Answer>& answers, std::string& out) {
  if (outcome.candidates.size() > 1) {
    text_line("candidate",
              std::to_string(candidate.index) + " of " + std::to_string(outcome.candidates.size()) +
                  (outcome.chosen ? ", the chosen one" : ", the one that got furthest"),
              out);
  }
  for (const Answer& answer : answers) {
    if (answer.sample_id == outcome.sample_id && answer.candidate == candidate.index) {
      text_block("answer", answer.text, kAnswerCharacters, out);
    }
  }
  if (candidate.rule != Reason::none) {
    text_line("rule", std::string(name(candidate.rule)), out);
  }
  text_block("cleaned", candidate.text, kAnswerCharacters, out);
  text_line("cleaned by", printable(candidate.clean_rule), out);
}

void show_row(std::uint64_t number, const Sample& sample, const Outcome& outcome,
              const ShardRows& rows, std::string& out) {
  out += std::to_string(number) + ". " + sample.id.hex().substr(0, kIdDigits) + "  " +
         std::string(name(outcome.verdict)) +
         (outcome.verdict == Verdict::kept ? "" : ": " + std::string(name(outcome.reason))) + "\n";
  text_fields(sample, kFieldCharacters, out);
  const Candidate* candidate = deciding_candidate(outcome);
  if (candidate != nullptr) {
    show_candidate(*candidate, outcome, rows.answers, out);
  } else {
    text_line("answer", "none", out);
  }
  text_golds(sample, kAnswerCharacters, out);
  if (candidate != nullptr) {
    text_line("exec", exec_text(*candidate, outcome), out);
  }
  for (const Call& call : rows.calls) {
    if (call.sample_id == sample.id && call.end != CallEnd::answered) {
      text_block("call",
                 call.endpoint + ": " + error_text(call) + " (" + std::to_string(call.attempts) +
                     (call.attempts == 1 ? " attempt)" : " attempts)"),
                 kFieldCharacters, out);
    }
  }
  out += "\n";
}

/// What the manifests of a run's shards say, read before any row is.
struct RunShards {
  std::uint64_t count = 0;
  std::uint64_t unfinished = 0;
  std::vector<std::uint32_t> matching;           ///< shards that have rows with the reason
  std::map<std::string, std::uint64_t> reasons;  ///< of finished shards
};

Result<RunShards> survey(const RunDir& dir, const std::string& reason) {
  FD_TRY(const Manifest first, read_shard_manifest(dir, 0));
  RunShards shards;
  for (std::uint32_t shard = 0; shard < first.shards; ++shard) {
    FD_TRY(const Manifest manifest, read_shard_manifest(dir, shard));
    shards.unfinished += manifest.state == ShardFileState::pending ? 1u : 0u;
    if (manifest.state != ShardFileState::pending &&
        (reason.empty() || manifest.reasons.count(reason) > 0)) {
      shards.matching.push_back(shard);
    }
    for (const auto& [one, rows] : manifest.reasons) {
      shards.reasons[one] += rows;
    }
  }
  shards.count = first.shards;
  return shards;
}

std::string list_reasons(const std::map<std::string, std::uint64_t>& reasons) {
  std::string out;
  for (const auto& [reason, rows] : reasons) {
    out += (out.empty() ? "" : ", ") + reason + " (" + grouped(rows) + ")";
  }
  return out.empty() ? "none yet" : out;
}

Result<int> show(const ParsedCommand& parsed, StopSignals& /*signals*/) {
  FD_TRY(const std::uint64_t limit, parsed.number("--limit", 10, 1, kLimitMax));
  FD_TRY_VOID(show_rows(RunDir(parsed.positionals.front()),
                        {parsed.value("--reason").value_or(""), limit}, print_out));
  FD_TRY_VOID(flush_out());
  return kExitComplete;
}

}  // namespace

Result<void> show_rows(const RunDir& dir, const ShowOptions& options,
                       const std::function<Result<void>(std::string_view)>& print) {
  auto surveyed = survey(dir, options.reason);
  if (!surveyed.ok()) {
    return surveyed.error().code == Errc::not_found
               ? Error{Errc::not_found,
                       dir.root() + ": is no run folder (" + surveyed.error().message + ")"}
               : surveyed.error();
  }
  const std::optional<Reason> wanted = from_name<Reason>(options.reason);
  if (!options.reason.empty() && !wanted) {
    return Error{Errc::invalid_input, "there is no reason \"" + printable(options.reason) +
                                          "\"; this run has: " + list_reasons(surveyed->reasons)};
  }
  std::uint64_t shown = 0;
  for (const std::uint32_t shard : surveyed->matching) {
    if (shown == options.limit) {
      break;
    }
    FD_TRY(const ShardRows rows, read_shard_rows(dir.shard(shard)));
    for (std::size_t i = 0; i < rows.outcomes.size() && shown < options.limit; ++i) {
      if (options.reason.empty() || rows.outcomes[i].reason == wanted) {
        std::string row;
        show_row(++shown, rows.samples[i], rows.outcomes[i], rows, row);
        FD_TRY_VOID(print(row));
      }
    }
  }
  std::uint64_t matching = 0;
  for (const auto& [reason, rows] : surveyed->reasons) {
    matching += options.reason.empty() || options.reason == reason ? rows : 0;
  }
  std::string end = grouped(shown) + " of " + grouped(matching) + " rows" +
                    (options.reason.empty() ? "" : " with reason " + options.reason) +
                    "; this run has: " + list_reasons(surveyed->reasons) + "\n";
  if (surveyed->unfinished > 0) {
    end += grouped(surveyed->unfinished) + " of " + grouped(surveyed->count) +
           " shards are not finished\n";
  }
  return print(end);
}

Command show_command() {
  return {.name = "show",
          .summary = "print rows of a run, with answers and verdicts",
          .usage = "RUN_DIR [--reason R] [--limit N]",
          .about = "Prints rows with prompt, answer and verdict, to read.",
          .options = {{"--reason", "R", "only rows with this reason (ok: the kept ones)"},
                      {"--limit", "N", "at most N rows (default: 10)"}},
          .run = show};
}

}  // namespace fd
