#include "coordinator/shards/replace.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/failpoint.hpp"
#include "coordinator/shards/current.hpp"
#include "coordinator/shards/files.hpp"

namespace fd {
namespace {

/// In the order in which they are moved: the manifest speaks of the others, so it comes last.
constexpr std::array<const char*, 5> kMoved = {RunDir::kAnswers, RunDir::kCalls, RunDir::kConfig,
                                               RunDir::kOutcomes, RunDir::kManifest};

Result<void> move_over(const std::string& folder) {
  const std::string staging = staging_folder(folder);
  for (const char* name : kMoved) {
    const std::string from = staging + "/" + name;
    if (file_exists(from)) {  // else an earlier attempt has moved it
      FD_TRY_VOID(rename_durable(from, folder + "/" + name));
      FD_FAILPOINT("shard.file_moved");
    }
  }
  return {};
}

/// Gives the staged shard what write_shard_at() goes by: its input, and the manifest so far.
Result<void> copy_input(const std::string& folder) {
  for (const char* name : {RunDir::kInput, RunDir::kManifest}) {
    FD_TRY(const std::string bytes, read_file(folder + "/" + name, kMaxShardFileBytes));
    FD_TRY_VOID(write_file(staging_folder(folder) + "/" + name, bytes));
  }
  return {};
}

}  // namespace

Result<Manifest> replace_shard(const std::string& folder, const RunConfig& config,
                               ShardResult result) {
  FD_TRY_VOID(finish_replacement(folder));
  FD_TRY_VOID(make_directories(staging_folder(folder)));
  FD_TRY_VOID(copy_input(folder));
  FD_TRY(Manifest manifest, write_shard_at(staging_folder(folder), config, std::move(result)));
  FD_TRY_VOID(sync_folder(replay_folder(folder)));
  FD_TRY_VOID(write_file(decision_file(folder), "committed\n"));
  FD_TRY_VOID(finish_replacement(folder));
  FD_TRY_VOID(remove_tree(replay_folder(folder)));  // the journal: what it had is in the files now
  return manifest;
}

Result<Manifest> write_shard(const RunDir& dir, const RunConfig& config, ShardResult result) {
  FD_TRY(const Manifest before, read_shard_manifest(dir, result.shard));
  const std::string folder = dir.shard(result.shard);
  return before.state == ShardFileState::pending ? write_shard_at(folder, config, std::move(result))
                                                 : replace_shard(folder, config, std::move(result));
}

Result<void> finish_replacement(const std::string& folder) {
  if (!file_exists(replay_folder(folder))) {
    return {};
  }
  const bool decided = file_exists(decision_file(folder));
  if (decided) {
    FD_TRY_VOID(move_over(folder));
  }
  FD_TRY_VOID(remove_tree(staging_folder(folder)));
  if (decided && ::unlink(decision_file(folder).c_str()) != 0) {
    return storage_error(decision_file(folder));
  }
  if (::rmdir(replay_folder(folder).c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST) {
    return storage_error(replay_folder(folder));
  }
  return sync_folder(folder);
}

}  // namespace fd
