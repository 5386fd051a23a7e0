#include "coordinator/run/run_folder.hpp"

#include <cstdio>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

#include "actors/config/loader.hpp"
#include "actors/storage/directory_trust.hpp"
#include "actors/storage/disk_kind.hpp"
#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/paths.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/log.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {
namespace {

/// Says in which input the two runs differ.
std::string input_difference(const IngestSummary& old_run, const IngestSummary& new_run) {
  if (old_run.inputs.size() != new_run.inputs.size()) {
    return "the number of input files";
  }
  for (std::size_t i = 0; i < old_run.inputs.size(); ++i) {
    if (old_run.inputs[i].sha256 != new_run.inputs[i].sha256) {
      return "the input " + new_run.inputs[i].path;
    }
  }
  if (old_run.raw != new_run.raw) {
    return "--limit";
  }
  const auto digests = [](const IngestSummary& ingest) {
    std::map<std::string, std::string> found;  // digest -> where it was found
    for (const DatabaseFile& database : ingest.databases) {
      found[database.digest] = database.source;
    }
    return found;
  };
  const auto before = digests(old_run);
  for (const auto& [digest, source] : digests(new_run)) {
    if (!before.contains(digest)) {
      return "the database " + source;
    }
  }
  return old_run.databases.size() == new_run.databases.size() ? "" : "the databases";
}

/// Says what the job that is asked for now has else than the one that the run was started with;
/// empty when nothing. Errors: as read_run_config().
Result<std::string> difference_from(const RunDir& dir, const RunFacts& facts,
                                    const RunConfig& config, const IngestSummary& ingest) {
  FD_TRY(const RunConfig then, read_run_config(dir, facts));
  if (facts.config_digest == config_digest(config)) {
    return input_difference(facts.ingest, ingest);
  }
  return "the config (" + semantic_difference(then, config) + ")";
}

}  // namespace

std::string busy_message(const RunDir& dir) {
  return dir.root() + ": in use by another coordinator";
}

Result<void> RunFolder::lock() {
  FD_TRY(lock_, FolderLock::on_file(dir_.lock(), busy_message(dir_)));
  return {};
}

Result<std::unique_ptr<RunFolder>> RunFolder::take(const std::string& artifacts,
                                                   const std::string& fresh,
                                                   const RunConfig& config,
                                                   const IngestSummary& ingest) {
  std::unique_ptr<RunFolder> folder(new RunFolder());
  folder->artifacts_ = artifacts;
  const std::string root = artifacts + "/" + ingest.run_id;
  const Digest digest = config_digest(config);
  if (!file_exists(root)) {
    FD_TRY_VOID(check_own_folder(fresh));  // a file system may know no owners or modes
    folder->dir_ = RunDir(fresh);
    RunFacts& fresh_facts = folder->facts_;
    fresh_facts.run_id = ingest.run_id;
    fresh_facts.config_digest = digest;
    fresh_facts.ingest = ingest;
    fresh_facts.started = wall_clock_text();
    fresh_facts.config_json = json::canonical(effective_config(config));
    FD_TRY(fresh_facts.ingested,
           entries_of(folder->dir_, ingested_files(folder->dir_, fresh_facts.kind)));
    FD_TRY_VOID(write_run_facts(folder->dir_, fresh_facts, config));
    folder->dir_ = RunDir(root);
    const auto renamed = rename_durable(fresh, root);
    if (renamed.ok()) {
      FD_FAILPOINT("k04.run_folder_renamed");
      FD_TRY_VOID(folder->lock());
      return folder;
    }
    if (!file_exists(root) || !file_exists(fresh)) {
      return renamed.error();  // not renamed, or renamed and perhaps not durably
    }
  }
  // It is there already: this is the same job again, or somebody else's of the same name.
  FD_TRY_VOID(remove_tree(fresh));
  FD_TRY(folder, open(root));
  FD_TRY(const std::string difference,
         difference_from(folder->dir_, folder->facts_, config, ingest));
  if (!difference.empty()) {
    return Error{Errc::unsupported, root + ": was started with something else: " + difference +
                                        "; give another --run-id to start a new run"};
  }
  return folder;
}

Result<std::unique_ptr<RunFolder>> RunFolder::open(const std::string& root) {
  std::unique_ptr<RunFolder> folder(new RunFolder());
  folder->dir_ = RunDir(root);
  folder->artifacts_ = folder_of(root);
  folder->continued_ = true;
  struct stat status {};
  if (::lstat(root.c_str(), &status) != 0) {
    return Error{Errc::not_found, root + ": there is no such folder"};
  }
  if (S_ISDIR(status.st_mode) && !file_exists(folder->dir_.run_json())) {
    return Error{Errc::stale, root + ": is not the folder of a run: it has no run.json"};
  }
  FD_TRY_VOID(check_own_folder(root));
  FD_TRY_VOID(check_disk(root));
  FD_TRY_VOID(folder->lock());
  FD_TRY(folder->facts_, read_run_facts(folder->dir_));
  FD_TRY_VOID(check_output_version(folder->dir_, folder->facts_));
  FD_TRY_VOID(check_stages(folder->dir_, folder->facts_));
  return folder;
}

Result<RunShards> RunFolder::shards() const {
  RunShards shards;
  Sha256 digest;
  for (std::uint32_t index = 0; index < facts_.ingest.shards; ++index) {
    FD_TRY_VOID(finish_replacement(dir_.shard(index)));
    FD_TRY(const Manifest manifest, read_shard_manifest(dir_, index));
    digest.update(json::canonical(to_json(manifest)) + "\n");
    const bool committed = manifest.state == ShardFileState::committed;
    shards.states.push_back({static_cast<std::uint32_t>(manifest.count), committed});
    shards.total += manifest.count;
    if (committed) {
      const auto count = [&](Verdict verdict) {
        const auto found = manifest.verdicts.find(std::string(name(verdict)));
        return found == manifest.verdicts.end() ? 0 : found->second;
      };
      shards.done += manifest.count;
      shards.kept += count(Verdict::kept);
      shards.rejected += count(Verdict::rejected);
    }
  }
  shards.digest = digest.finish();
  return shards;
}

Result<void> RunFolder::begin(const RunConfig& config) {
  std::string now = json::canonical(effective_config(config));
  if (now == facts_.config_json && !facts_.exit_code) {
    return {};
  }
  facts_.config_json = std::move(now);
  facts_.exit_code.reset();
  facts_.sealed.reset();
  facts_.merged.reset();
  return write_run_facts(dir_, facts_, config);
}

Result<void> RunFolder::finish(const RunConfig& config, int exit_code) {
  FD_TRY(const RunShards merged, shards());
  facts_.exit_code = exit_code;
  facts_.merged = merged.digest;
  FD_TRY_VOID(write_run_facts(dir_, facts_, config));
  const std::string link = artifacts_ + "/" + RunDir::kLatest;
  const std::string temporary =
      artifacts_ + "/." + RunDir::kLatest + "-" + std::to_string(::getpid());
  ::unlink(temporary.c_str());
  if (::symlink(facts_.run_id.c_str(), temporary.c_str()) != 0 ||
      ::rename(temporary.c_str(), link.c_str()) != 0) {
    return storage_error(link);
  }
  return {};
}

}  // namespace fd
