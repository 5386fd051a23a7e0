#include "coordinator/inspect/verify.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "actors/storage/files.hpp"
#include "actors/storage/folder_lock.hpp"
#include "coordinator/inspect/compared_output.hpp"
#include "coordinator/inspect/verify_sealed.hpp"
#include "coordinator/inspect/verify_shards.hpp"
#include "coordinator/inspect/verify_stages.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "coordinator/merge/merge.hpp"
#include "coordinator/reports/timing.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/files.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolders[] = {"databases", "export", "manifests", "reports", "shards"};

/// Returns the byte that a message of the ledger names, as "(byte 123)"; 0 when it names none.
std::uint64_t named_byte(const std::string& message) {
  constexpr std::string_view kMark = "(byte ";
  const std::size_t at = message.rfind(kMark);
  return at == std::string::npos ? 0 : std::strtoull(&message[at + kMark.size()], nullptr, 10);
}

/// Returns what the merge cannot derive again, as the cost report tells it: what the answers of
/// earlier runs had cost. The seal covers it.
RunTimes told_of(const RunDir& dir) {
  RunTimes times;
  const auto text = read_file(dir.report("cost_report.json"), kMaxShardFileBytes);
  const auto report = text.ok() ? json::parse(*text) : Result<json::Value>(text.error());
  const json::Value* reused = report.ok() ? report->find("reused") : nullptr;
  const json::Value* cost = reused != nullptr ? reused->find("cost_saved") : nullptr;
  if (cost != nullptr && cost->as_number()) {
    times.reused = UINT64_MAX;
    times.reused_cost = *cost->as_number();
  }
  return times;
}

class Verifier {
 public:
  explicit Verifier(const RunDir& dir) : dir_(dir) {}

  Result<VerifyReport> run() {
    FD_TRY_VOID(find_links());
    FD_TRY_VOID(read_run_json());
    FD_TRY_VOID(verify_shards());
    FD_TRY_VOID(verify_input_stages(dir_, truth_, shards_, verification_));
    if (truth_) {
      verify_counts();
      if (truth_->facts.exit_code) {
        FD_TRY_VOID(verify_seal_file(dir_, *truth_, verification_));
      }
      FD_TRY(const auto replayed, find_replayed(dir_, *truth_, shards_.manifests(), verification_));
      FD_TRY_VOID(verify_sealed(dir_, *truth_, true, replayed, verification_));
      FD_TRY_VOID(verify_ledger_rows());
      if (replayed.empty()) {
        FD_TRY_VOID(verify_merge());
      }
      FD_TRY_VOID(verify_sealed(dir_, *truth_, false, replayed, verification_));
      FD_TRY_VOID(verify_databases(dir_, *truth_, verification_));
    }
    FD_TRY_VOID(walk());
    return std::move(verification_.report);
  }

 private:
  std::string path(const std::string& name) const { return dir_.root() + "/" + name; }

  Result<void> read_run_json() {
    FD_TRY(const std::optional<std::string> text, verification_.read_text(dir_, kRunJson));
    if (!text) {
      return {};
    }
    if (const auto fault = check_seal(*text)) {
      verification_.problem(kRunJson, fault->offset, fault->length, fault->what);
      verification_.note("run.json is damaged: what rests on it was not checked");
      return {};
    }
    auto truth = read_truth();
    if (!truth.ok() && truth.error().code == Errc::stale) {
      return truth.error();  // sound, but another program's
    }
    if (!truth.ok()) {
      verification_.problem(kRunJson, 0, text->size(), truth.error().message);
      return {};
    }
    truth_ = std::move(truth).value();
    verification_.report.run_id = truth_->facts.run_id;
    verification_.report.exit_code = truth_->facts.exit_code;
    if (truth_->facts.output_version != kOutputVersion) {
      verification_.report.other_output_version = truth_->facts.output_version;
    }
    return {};
  }

  Result<RunTruth> read_truth() const {
    FD_TRY(RunFacts facts, read_run_facts(dir_));
    FD_TRY(RunConfig config, read_run_config(dir_, facts));
    FD_TRY(PromptStage prompt, PromptStage::make(config));
    return RunTruth{std::move(facts), std::move(config), std::move(prompt)};
  }

  /// Returns the kind of the run; without run.json, the usual one.
  RunKind kind() const { return truth_ ? truth_->facts.kind : RunKind::distil; }

  /// Returns how many shards the run has; without run.json, what the first manifest says.
  std::uint32_t shard_count() const {
    if (truth_) {
      return truth_->facts.ingest.shards;
    }
    for (std::uint32_t shard = 0; file_exists(dir_.shard(shard)); ++shard) {
      if (const auto manifest = read_shard_manifest(dir_, shard); manifest.ok()) {
        return manifest->shards;
      }
    }
    return 0;
  }

  Result<void> verify_shards() {
    verification_.report.shards = shard_count();
    for (std::uint32_t shard = 0; shard < verification_.report.shards; ++shard) {
      FD_TRY_VOID(shards_.verify(shard));
    }
    return {};
  }

  /// raw = invalid + duplicate + unique, and every unique sample is in a shard. Once the shards are
  /// finished, repeating the merge checks the whole law.
  void verify_counts() {
    const IngestSummary& ingest = truth_->facts.ingest;
    if (shards_.complete() && (ingest.raw != ingest.invalid + ingest.duplicate + ingest.unique ||
                               shards_.sample_count() != ingest.unique)) {
      verification_.problem(kRunJson, 0, 0,
                            "samples were lost or made up: " + std::to_string(ingest.raw) +
                                " raw rows, but " + std::to_string(ingest.invalid) + " invalid + " +
                                std::to_string(ingest.duplicate) + " duplicate + " +
                                std::to_string(ingest.unique) + " unique; the shards have " +
                                std::to_string(shards_.sample_count()) + " samples");
    }
  }

  /// Derives again what the merge derived, and compares every byte. What it was derived from must
  /// be sound, else all of it would differ.
  Result<void> verify_merge() {
    if (!truth_->facts.exit_code || !verification_.report.sound()) {
      return {};
    }
    if (verification_.report.other_output_version) {
      check_all_finished();  // the rest of the law: every sample of a finished shard has an outcome
      return {};
    }
    ComparedOutput output(dir_, derived_files(dir_, kind()));
    const auto merged =
        merge_run(dir_, truth_->config, truth_->facts.ingest, told_of(dir_), output);
    if (!merged.ok()) {
      if (merged.error().code == Errc::storage) {
        return merged.error();
      }
      verification_.problem("shards", 0, 0, "cannot be merged: " + merged.error().message);
      return {};
    }
    for (const auto& [name, found] : output.found()) {
      if (found.missing) {
        verification_.missing(name);
        continue;
      }
      verification_.read(name, found.bytes);
      if (found.differs) {
        verification_.problem(name, *found.differs, *found.differs < found.bytes ? 1 : 0,
                              "is not what the shards make it");
      }
    }
    verification_.report.merge_repeated = true;
    return {};
  }

  void check_all_finished() {
    const VerifyReport& report = verification_.report;
    if (report.shards_finished != report.shards) {
      verification_.problem(kRunJson, 0, 0,
                            "the run has ended, but of its " + std::to_string(report.shards) +
                                " shards only " + std::to_string(report.shards_finished) +
                                " have outcomes");
    }
  }

  Result<void> verify_ledger_rows() {
    const std::string name = relative_name(dir_, dir_.ledger());
    if (verification_.has_problem(name)) {
      return {};
    }
    std::error_code none;
    if (truth_->facts.exit_code && file_exists(path(name + "-wal")) &&
        fs::file_size(path(name + "-wal"), none) > 0) {
      verification_.problem(name + "-wal", 0, fs::file_size(path(name + "-wal"), none),
                            "was written after the run had ended");
      return {};
    }
    if (!file_exists(dir_.ledger())) {
      return {};  // a run that was never started
    }
    verification_.read(name, fs::file_size(dir_.ledger(), none));
    const auto rows = verify_ledger(dir_.ledger(), truth_->facts.run_id);
    if (rows.ok()) {
      verification_.report.ledger_rows = *rows;
    } else if (rows.error().code == Errc::corrupt) {
      verification_.problem(name, named_byte(rows.error().message), 0, rows.error().message);
    } else if (rows.error().code == Errc::unsupported) {
      verification_.note(rows.error().message);
    } else {
      return rows.error();
    }
    return {};
  }

  /// Finds links in the place of the run's own files and folders; walk() finds those below.
  Result<void> find_links() {
    FD_TRY(const std::vector<std::string> names, names_in(dir_.root()));
    for (const std::string& name : names) {
      std::error_code none;
      if (fs::is_symlink(fs::symlink_status(path(name), none))) {
        verification_.problem(name, 0, 0, "is a symbolic link");
      }
    }
    return {};
  }

  /// Finds the files that nothing names.
  Result<void> walk() {
    for (const std::string& name : derived_files(dir_, kind())) {
      verification_.expect(name);  // of an earlier merge, when the run goes on
    }
    verification_.expect(relative_name(dir_, dir_.report("timing_report.json")));
    if (truth_ && truth_->facts.ingest.invalid > 0) {
      verification_.expect(relative_name(dir_, dir_.invalid()));
    }
    std::vector<std::pair<std::string, bool>> found;  // of those that were not expected
    for (const char* folder : kFolders) {
      std::error_code error;
      fs::recursive_directory_iterator entries(path(folder), error);
      for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
        const fs::file_status status = entries->symlink_status(error);
        const std::string name = relative_name(dir_, entries->path().string());
        const bool regular = fs::is_regular_file(status);
        if (!fs::is_directory(status) && !(regular && verification_.expected(name))) {
          found.emplace_back(name, regular);
        }
      }
      if (error && error != std::errc::no_such_file_or_directory) {
        return Error{Errc::storage, path(folder) + ": " + error.message()};
      }
    }
    std::sort(found.begin(), found.end());
    for (const auto& [name, regular] : found) {
      if (!regular) {
        verification_.problem(name, 0, 0, "is no regular file");
      } else if (name.find("/.replay/") != std::string::npos) {
        continue;  // a replay that was cut off: told with its shard
      } else if (name.ends_with(".tmp")) {
        verification_.note(name + ": was left by a process that was killed; it is in nobody's way");
      } else if (truth_) {
        std::error_code none;
        verification_.problem(name, 0, fs::file_size(path(name), none), "no manifest names it");
      }
    }
    return {};
  }

  const RunDir& dir_;
  Verification verification_;
  std::optional<RunTruth> truth_;
  ShardVerifier shards_{dir_, truth_, verification_};
};

}  // namespace

Result<VerifyReport> verify_run(const RunDir& dir) {
  if (!file_exists(dir.run_json()) && !file_exists(dir.shards())) {
    return Error{Errc::not_found, dir.root() + ": is no run folder (it has no run.json)"};
  }
  FD_TRY(const FolderLock lock, FolderLock::shared(dir.lock(), busy_message(dir)));
  return Verifier(dir).run();
}

}  // namespace fd
