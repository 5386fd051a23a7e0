#include "coordinator/run_folder.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/config_loader.hpp"
#include "actors/files.hpp"
#include "actors/log.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "coordinator/merge.hpp"
#include "coordinator/shard_files.hpp"
#include "protocol/frame.hpp"

namespace fd {
namespace {

Error storage_error(const std::string& path) {
  return Error{Errc::storage, path + ": " + std::strerror(errno)};
}

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
  return old_run.raw != new_run.raw ? "--limit" : "";
}

}  // namespace

Result<RunFacts> read_run_facts(const RunDir& dir) {
  FD_TRY(const std::string text, read_file(dir.run_json()));
  const auto bad = [&](const std::string& why) {
    return Error{Errc::corrupt, dir.run_json() + ": " + why};
  };
  const auto parsed = json::parse_canonical(text);
  if (!parsed.ok()) {
    return bad(parsed.error().message);
  }
  const auto text_at = [&](const char* key) {
    const json::Value* value = parsed->find(key);
    return value != nullptr && value->as_string() != nullptr ? *value->as_string() : std::string();
  };
  RunFacts facts;
  facts.run_id = text_at("run_id");
  facts.started = text_at("started_at");
  const auto digest = Digest::from_hex(text_at("config_digest"));
  const json::Value* ingest = parsed->find("ingest");
  if (facts.run_id.empty() || !digest || ingest == nullptr) {
    return bad("run_id, config_digest or ingest is missing");
  }
  facts.config_digest = *digest;
  FD_TRY(facts.ingest, ingest_summary_from_json(*ingest));
  if (const json::Value* code = parsed->find("exit_code"); code != nullptr && code->as_uint()) {
    facts.exit_code = static_cast<int>(*code->as_uint());
  }
  return facts;
}

Result<void> RunFolder::lock() {
  const std::string path = dir_.lock();
  lock_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_fd_ < 0) {
    return storage_error(path);
  }
  // The lock goes with the open file, so a file left behind by a dead process holds nobody up.
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(lock_fd_, F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Error{Errc::busy, dir_.root() + ": in use by another coordinator"};
    }
    return storage_error(path);
  }
  return {};
}

Result<void> RunFolder::write_facts(const RunConfig& config) const {
  json::Object object;
  object["run_id"] = facts_.run_id;
  object["version"] = FD_VERSION;
  object["protocol_version"] = static_cast<std::uint64_t>(kProtocolVersion);
  object["sqlite_version"] = sqlite_version();
  object["config"] = effective_config(config);
  object["config_digest"] = facts_.config_digest.hex();
  object["ingest"] = to_json(facts_.ingest);
  object["started_at"] = facts_.started;
  object["transport"] = "plaintext, loopback only";
  if (facts_.exit_code) {
    object["exit_code"] = *facts_.exit_code;
    object["finished_at"] = wall_clock_text();
  }
  FD_TRY(const FileEntry entry,
         write_file(dir_.run_json(), json::pretty(json::Value(std::move(object)))));
  static_cast<void>(entry);
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
    folder->dir_ = RunDir(fresh);
    folder->facts_ = RunFacts{ingest.run_id, digest, ingest, wall_clock_text(), std::nullopt};
    FD_TRY_VOID(folder->write_facts(config));
    folder->dir_ = RunDir(root);
    if (const auto renamed = rename_durable(fresh, root); renamed.ok()) {
      FD_TRY_VOID(folder->lock());
      return folder;
    }
    if (!file_exists(root)) {
      return Error{Errc::storage, "cannot rename " + fresh + " to " + root};
    }
  }
  // It is there already: this is the same job again, or somebody else's of the same name.
  FD_TRY_VOID(remove_tree(fresh));
  folder->dir_ = RunDir(root);
  folder->continued_ = true;
  struct stat status {};
  if (::lstat(root.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return Error{Errc::refused, root + " is no folder of its own"};
  }
  FD_TRY_VOID(folder->lock());
  FD_TRY(folder->facts_, read_run_facts(folder->dir_));
  const RunFacts& facts = folder->facts_;
  const std::string difference = facts.config_digest != digest
                                     ? "the config (digest " +
                                           facts.config_digest.hex().substr(0, 12) + " then, " +
                                           digest.hex().substr(0, 12) + " now)"
                                     : input_difference(facts.ingest, ingest);
  if (!difference.empty()) {
    return Error{Errc::unsupported, root + ": was started with something else: " + difference +
                                        "; give another --run-id to start a new run"};
  }
  return folder;
}

RunFolder::~RunFolder() {
  if (lock_fd_ >= 0) {
    ::close(lock_fd_);
  }
}

Result<std::vector<ShardSeed>> RunFolder::shards(Progress& before) const {
  std::vector<ShardSeed> seeds;
  for (std::uint32_t index = 0; index < facts_.ingest.shards; ++index) {
    FD_TRY(const Manifest manifest, read_shard_manifest(dir_, index));
    ShardSeed seed;
    seed.count = static_cast<std::uint32_t>(manifest.count);
    seed.committed = manifest.state == ShardFileState::committed;
    before.total += manifest.count;
    if (seed.committed) {
      const auto count = [&](Verdict verdict) {
        const auto found = manifest.verdicts.find(std::string(name(verdict)));
        return found == manifest.verdicts.end() ? 0 : found->second;
      };
      before.done += manifest.count;
      before.kept += count(Verdict::kept);
      before.rejected += count(Verdict::rejected);
    }
    seeds.push_back(seed);
  }
  return seeds;
}

Result<void> RunFolder::finish(const RunConfig& config, int exit_code) {
  facts_.exit_code = exit_code;
  FD_TRY_VOID(write_facts(config));
  const std::string link = artifacts_ + "/latest";
  const std::string temporary = link + ".tmp-" + std::to_string(::getpid());
  ::unlink(temporary.c_str());
  if (::symlink(facts_.run_id.c_str(), temporary.c_str()) != 0 ||
      ::rename(temporary.c_str(), link.c_str()) != 0) {
    return storage_error(link);
  }
  return {};
}

}  // namespace fd
