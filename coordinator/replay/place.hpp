#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/storage/folder_lock.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Where a shard that is to be replayed lies.
struct ShardPlace {
  std::string folder;                   ///< of the shard, without links
  std::optional<std::string> run_root;  ///< of the run that it lies in, if it does
};

/// Finds the shard: `target` is its manifest or its folder, or, with `shard`, the folder of its
/// run. Errors: invalid_input (nothing there, or no such shard).
Result<ShardPlace> find_shard(const std::string& target, std::optional<std::uint32_t> shard);

/// Locks what a replay works on: the whole run when the shard lies in one, else its folder.
/// Errors: busy (a coordinator is at work there), storage.
Result<FolderLock> lock_place(const ShardPlace& place);

}  // namespace fd
