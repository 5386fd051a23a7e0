#include "coordinator/inspect/verify.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/temporary_directory.hpp"
#include "coordinator/ingest/input_manifests.hpp"
#include "coordinator/inspect/verify_ledger.hpp"
#include "coordinator/inspect/verify_shards.hpp"
#include "coordinator/merge/merge.hpp"
#include "coordinator/reports/timing.hpp"
#include "coordinator/run/lock.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunJson = "run.json";
constexpr const char* kFolders[] = {"databases", "export", "manifests", "reports", "shards"};

class Verifier {
 public:
  explicit Verifier(const RunDir& dir) : dir_(dir) {}

  Result<VerifyReport> run() {
    FD_TRY_VOID(find_links());
    FD_TRY_VOID(read_run_json());
    FD_TRY_VOID(verify_shards());
    FD_TRY_VOID(verify_input_stages());
    if (truth_) {
      verify_counts();
      find_replayed();
      FD_TRY_VOID(verify_sealed(true));
      FD_TRY_VOID(verify_merge());
      FD_TRY_VOID(verify_sealed(false));
      FD_TRY_VOID(verify_databases());
      FD_TRY_VOID(verify_ledger_rows());
    }
    FD_TRY_VOID(walk());
    return std::move(verification_.report);
  }

 private:
  std::string path(const std::string& name) const { return dir_.root() + "/" + name; }

  /// Reads a file that should be there; nothing, and a problem, when it is not.
  Result<std::optional<std::string>> read(const std::string& name) {
    verification_.expect(name);
    auto text = read_file(path(name), kMaxShardFileBytes);
    if (text.ok()) {
      verification_.read(name, text->size());
      return std::optional<std::string>(std::move(text).value());
    }
    if (text.error().code != Errc::not_found) {
      return text.error();
    }
    verification_.missing(name);
    return std::optional<std::string>();
  }

  Result<void> read_run_json() {
    FD_TRY(const std::optional<std::string> text, read(kRunJson));
    if (!text) {
      return {};
    }
    if (const auto fault = check_seal(*text)) {
      verification_.problem(kRunJson, fault->offset, fault->length, fault->what);
      verification_.note("run.json is damaged: what rests on it was not checked");
      return {};
    }
    auto truth = read_truth(*text);
    if (!truth.ok()) {
      verification_.problem(kRunJson, 0, text->size(), truth.error().message);
      return {};
    }
    truth_ = std::move(truth).value();
    verification_.report.run_id = truth_->facts.run_id;
    verification_.report.exit_code = truth_->facts.exit_code;
    return {};
  }

  Result<RunTruth> read_truth(const std::string& text) const {
    FD_TRY(RunFacts facts, read_run_facts(dir_));
    FD_TRY(const json::Value value, json::parse_canonical(text));
    FD_TRY(std::vector<FileEntry> sealed, sealed_from_json(value));
    const json::Value* written = value.find("config");
    FD_TRY(RunConfig config,
           config_from_json(json::canonical(written == nullptr ? json::Value() : *written)));
    if (config_digest(config) != facts.config_digest) {
      return Error{Errc::corrupt, "config_digest is not the digest of config"};
    }
    FD_TRY(PromptStage prompt, PromptStage::make(config));
    return RunTruth{std::move(facts), std::move(config), std::move(prompt), std::move(sealed)};
  }

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

  /// raw and canonical are digests of lines that are not kept: what can be checked is that each
  /// manifest is the text of what it says, and says what run.json and its neighbours say.
  Result<void> verify_input_stages() {
    std::vector<std::string> parents;
    for (const char* stage : kInputStages) {
      const std::string name = relative_name(dir_, dir_.stage_manifest(stage));
      FD_TRY(const std::optional<std::string> text, read(name));
      const auto manifest =
          text ? read_manifest(path(name)) : Result<Manifest>(Error{Errc::not_found, name});
      if (text && !truth_ && manifest.ok()) {
        const auto differs = first_difference(*text, input_manifest_text(*manifest));
        if (differs) {
          verification_.problem(name, *differs, 1, "is not the text of what it says");
        }
      } else if (text && truth_ && shards_.complete() && std::string_view(stage) == "dedup" &&
                 !parents.empty()) {
        Manifest base = stage_base();
        const auto differs =
            first_difference(*text, input_manifest_text(input_stage(base, stage, shards_.samples(),
                                                                    sample_columns(), parents)));
        if (differs) {
          verification_.problem(name, *differs, *differs < text->size() ? 1 : 0,
                                "is not what the shards' input makes it");
        }
      } else if (text && truth_) {
        check_input_stage(name, stage, *text, manifest, parents);
      }
      parents.clear();
      if (manifest.ok() && !verification_.has_problem(name)) {
        parents.push_back(manifest->content_sha256.hex());
      }
    }
    return {};
  }

  Manifest stage_base() const {
    Manifest base;
    base.run_id = truth_->facts.run_id;
    base.config_digest = truth_->facts.config_digest;
    return base;
  }

  void check_input_stage(const std::string& name, const std::string& stage, const std::string& text,
                         const Result<Manifest>& manifest,
                         const std::vector<std::string>& parents) {
    // A sealed digest knows better where the damage lies than a parser does.
    for (const FileEntry& entry : truth_->sealed) {
      FileDigest digest;
      digest.update(text);
      const FileEntry actual = digest.finish(name);
      if (entry.name == name && actual != entry) {
        return verification_.damaged(name, entry, actual, kRunJson);
      }
    }
    if (!manifest.ok()) {
      return verification_.problem(name, 0, text.size(), manifest.error().message);
    }
    Manifest expected = *manifest;
    expected.run_id = truth_->facts.run_id;
    expected.config_digest = truth_->facts.config_digest;
    expected.stage = stage;
    expected.count = stage == "dedup" ? truth_->facts.ingest.unique
                                      : truth_->facts.ingest.raw - truth_->facts.ingest.invalid;
    if (stage == "raw" || !parents.empty()) {
      expected.parents = parents;
    }
    if (const auto differs = first_difference(text, input_manifest_text(expected))) {
      verification_.problem(name, *differs, 1, "does not agree with run.json");
    }
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

  /// Finds the shards that are sound, but not as they were when the run was merged.
  void find_replayed() {
    for (const auto& [shard, actual] : shards_.manifests()) {
      const std::string name = relative_name(dir_, dir_.shard_file(shard, RunDir::kManifest));
      const auto entry = std::find_if(truth_->sealed.begin(), truth_->sealed.end(),
                                      [&](const FileEntry& one) { return one.name == name; });
      const bool under_way = current_file(dir_.shard(shard), RunDir::kManifest) != path(name);
      const bool other = entry != truth_->sealed.end() && entry->sha256 != actual.sha256;
      if ((!under_way && !other) || verification_.has_problem(name)) {
        continue;
      }
      replayed_.insert(name);
      replayed_.insert(relative_name(dir_, dir_.shard_file(shard, RunDir::kCalls)));
      if (!under_way) {
        verification_.note(dir_.shard(shard) +
                           ": was written after the run was merged; to merge it: fd-coordinator "
                           "resume " +
                           dir_.root());
      }
    }
  }

  /// Derives again what the merge derived, and compares every byte. What it was derived from must
  /// be sound, else all of it would differ.
  Result<void> verify_merge() {
    if (!truth_->facts.exit_code || !verification_.report.sound() || !replayed_.empty()) {
      return {};
    }
    FD_TRY(const TemporaryDirectory folder, TemporaryDirectory::create("fd-"));
    const RunDir out(folder.path());
    const auto merged = merge_run(dir_, out, truth_->config, truth_->facts.ingest, RunTimes{});
    if (!merged.ok()) {
      if (merged.error().code == Errc::storage) {
        return merged.error();
      }
      verification_.problem("shards", 0, 0, "cannot be merged: " + merged.error().message);
      return {};
    }
    for (const std::string& name : derived_files(dir_)) {
      FD_TRY(const std::optional<std::string> text, read(name));
      FD_TRY(const std::string expected, read_file(out.root() + "/" + name, kMaxShardFileBytes));
      const auto differs = text ? first_difference(*text, expected) : std::nullopt;
      if (differs) {
        verification_.problem(name, *differs, *differs < text->size() ? 1 : 0,
                              "is not what the shards make it");
      }
    }
    verification_.report.merge_repeated = true;
    return {};
  }

  /// Compares files with their digests in run.json: those that the merge reads, or the others.
  Result<void> verify_sealed(bool merged_from) {
    for (const FileEntry& entry : truth_->sealed) {
      verification_.expect(entry.name);
      if (entry.name.starts_with("shards/") != merged_from || replayed_.count(entry.name) > 0) {
        continue;
      }
      auto actual = digest_file(path(entry.name));
      if (!actual.ok() && actual.error().code == Errc::not_found) {
        verification_.missing(entry.name);
        continue;
      }
      if (!actual.ok()) {
        return actual.error();
      }
      verification_.read(entry.name, actual->bytes);
      actual->name = entry.name;
      if (*actual != entry) {
        verification_.damaged(entry.name, entry, *actual, kRunJson);
      }
    }
    return {};
  }

  /// A database is named by its digest, so that it is known to be whole before a run is finished.
  Result<void> verify_databases() {
    for (const DatabaseFile& database : truth_->facts.ingest.databases) {
      const std::string name = relative_name(dir_, dir_.database(database.digest));
      verification_.expect(name);
      const auto actual = digest_file(path(name));
      if (!actual.ok() && actual.error().code != Errc::not_found) {
        return actual.error();
      }
      if (!actual.ok()) {
        verification_.missing(name);
        continue;
      }
      verification_.read(name, actual->bytes);
      if (actual->sha256.hex() != database.digest) {
        verification_.problem(name, 0, actual->bytes, "its SHA-256 is not its name");
      }
    }
    return {};
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
    FD_TRY(const LedgerCheck check, check_ledger(dir_.ledger(), truth_->facts.run_id));
    if (check.damage) {
      verification_.problem(name, check.damage_at, 0, *check.damage);
    }
    if (check.unread) {
      verification_.note(*check.unread);
    }
    verification_.report.ledger_rows = check.rows;
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
    for (const std::string& name : derived_files(dir_)) {
      verification_.expect(name);  // of an earlier merge, when the run goes on
    }
    verification_.expect(relative_name(dir_, dir_.report("timing_report.json")));
    if (truth_ && truth_->facts.ingest.invalid > 0) {
      verification_.expect(relative_name(dir_, dir_.invalid()));
    }
    std::vector<std::pair<std::string, bool>> found;
    for (const char* folder : kFolders) {
      std::error_code error;
      fs::recursive_directory_iterator entries(path(folder), error);
      for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
        const fs::file_status status = entries->symlink_status(error);
        if (!fs::is_directory(status)) {
          found.emplace_back(relative_name(dir_, entries->path().string()),
                             fs::is_regular_file(status));
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
      } else if (verification_.expected(name) || name.find("/.replay/") != std::string::npos) {
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
  std::set<std::string> replayed_;  ///< files of shards that were written since the merge
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
