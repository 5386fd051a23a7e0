#include "coordinator/shards/current.hpp"

#include "actors/storage/files.hpp"

namespace fd {

std::string replay_folder(const std::string& shard_folder) {
  return shard_folder + "/.replay";
}

std::string replay_journal(const std::string& shard_folder) {
  return replay_folder(shard_folder) + "/journal";
}

std::string staging_folder(const std::string& shard_folder) {
  return replay_folder(shard_folder) + "/shard";
}

std::string decision_file(const std::string& shard_folder) {
  return replay_folder(shard_folder) + "/committed";
}

std::string current_file(const std::string& folder, const std::string& name) {
  const std::string staged = staging_folder(folder) + "/" + name;
  return file_exists(decision_file(folder)) && file_exists(staged) ? staged : folder + "/" + name;
}

Result<std::string> read_current(const std::string& folder, const std::string& name) {
  const std::string moved = folder + "/" + name;
  const std::string path = current_file(folder, name);
  auto text = read_file(path, kMaxShardFileBytes);
  return !text.ok() && text.error().code == Errc::not_found && path != moved
             ? read_file(moved, kMaxShardFileBytes)
             : text;
}

}  // namespace fd
