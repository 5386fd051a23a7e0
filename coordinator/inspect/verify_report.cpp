#include <set>

#include "coordinator/inspect/verify.hpp"
#include "coordinator/text/commands_to_copy.hpp"
#include "coordinator/text/report_text.hpp"
#include "protocol/output_version.hpp"

namespace fd {
namespace {

std::string count_of(std::uint64_t number, const std::string& one, const std::string& many) {
  return grouped(number) + " " + (number == 1 ? one : many);
}

/// Returns the folders of shards with a problem, as problems name them.
std::set<std::string> damaged_shards(const VerifyReport& report) {
  std::set<std::string> folders;
  for (const VerifyProblem& problem : report.problems) {
    if (problem.file.starts_with("shards/") && problem.file.find('/', 7) != std::string::npos) {
      folders.insert(problem.file.substr(0, problem.file.find('/', 7)));
    }
  }
  return folders;
}

std::string further(std::uint64_t all, std::size_t listed) {
  return all > listed ? "and " + grouped(all - listed) + " more\n" : "";
}

}  // namespace

std::string render_verify(const VerifyReport& report, const RunDir& dir) {
  std::string out =
      dir.root() + ": " +
      (report.sound() ? "sound"
                      : "damaged, " + count_of(report.problem_count, "problem", "problems")) +
      "\n";
  out += "checked " + count_of(report.files, "file", "files") + " of " +
         count_of(report.bytes, "byte", "bytes") + ", " + count_of(report.rows, "row", "rows") +
         " of " + count_of(report.shards, "shard", "shards") + ", " +
         count_of(report.ledger_rows, "row", "rows") + " of the ledger\n";
  if (!report.exit_code) {
    out += "the run is not finished: " + grouped(report.shards_finished) + " of " +
           count_of(report.shards, "shard is", "shards are") +
           " written; only what is there was checked\n";
  } else if (report.other_output_version) {
    out += "the merge was not repeated: the run was made by output version " +
           std::to_string(*report.other_output_version) + ", and this program has " +
           std::to_string(kOutputVersion) +
           "; manifests, reports and export were compared with their digests only\n";
  } else if (report.merge_repeated) {
    out += "the merge was repeated: manifests, reports and export are the same, byte for byte\n";
  } else {
    out +=
        "the merge was not repeated: manifests, reports and export were compared with their "
        "digests only\n";
  }
  for (const std::string& shard : damaged_shards(report)) {
    out +=
        "to write it again from the run's ledger: " + fresh_replay(dir.root() + "/" + shard) + "\n";
  }
  for (const std::string& note : report.notes) {
    out += "note: " + printable(note) + "\n";
  }
  return out + further(report.note_count, report.notes.size());
}

std::string render_problems(const VerifyReport& report) {
  std::string out;
  for (const VerifyProblem& problem : report.problems) {
    out += printable(problem.file) + ": byte " + std::to_string(problem.offset) +
           (problem.length > 1 ? " to " + std::to_string(problem.offset + problem.length - 1)
                               : std::string()) +
           ": " + printable(problem.what) + "\n";
  }
  return out + further(report.problem_count, report.problems.size());
}

}  // namespace fd
