#include "coordinator/replay/place.hpp"

#include <filesystem>
#include <system_error>

#include "coordinator/run/run_folder.hpp"
#include "protocol/run_dir.hpp"

namespace fd {
namespace {

namespace fs = std::filesystem;

/// Returns the run that a shard's folder lies in: RUN/shards/0007.
std::optional<std::string> run_around(const fs::path& folder) {
  const fs::path shards = folder.parent_path();
  const std::string root = shards.parent_path().string();
  std::error_code unknown;
  if (shards.filename() != "shards" || !fs::is_regular_file(RunDir(root).run_json(), unknown)) {
    return std::nullopt;
  }
  return root;
}

}  // namespace

Result<ShardPlace> find_shard(const std::string& target, std::optional<std::uint32_t> shard) {
  std::error_code failed;
  fs::path path = fs::canonical(target, failed);
  if (failed) {
    return Error{Errc::invalid_input, target + ": " + failed.message()};
  }
  const bool is_run = fs::is_regular_file(RunDir(path.string()).run_json(), failed);
  if (shard && !is_run) {
    return Error{Errc::invalid_input, target + ": is not the folder of a run, which --shard needs"};
  }
  if (shard) {
    path = fs::canonical(RunDir(path.string()).shard(*shard), failed);
    if (failed) {
      return Error{Errc::invalid_input, target + ": has no shard " + std::to_string(*shard)};
    }
  } else if (is_run) {
    return Error{Errc::invalid_input, target + ": is a run; which of its shards? (--shard K)"};
  } else if (path.filename() == RunDir::kManifest) {
    path = path.parent_path();
  }
  if (!fs::is_regular_file(path / RunDir::kManifest, failed)) {
    return Error{Errc::invalid_input,
                 target + ": is neither a shard's manifest.json nor a folder with one"};
  }
  return ShardPlace{path.string(), run_around(path)};
}

Result<FolderLock> lock_place(const ShardPlace& place) {
  if (place.run_root) {
    const RunDir run(*place.run_root);
    return FolderLock::on_file(run.lock(), busy_message(run));
  }
  return FolderLock::on_folder(place.folder, place.folder + ": another replay is at work here");
}

}  // namespace fd
