#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.hpp"

namespace fd {

// A finished shard that is written again is staged in a folder of its own within the shard's. Once
// the decision is there, the staged files count, and are moved over one by one. A reader takes each
// file from where it stands at that moment, also after a crash.

/// The largest file of a shard that is read.
inline constexpr std::uint64_t kMaxShardFileBytes = std::uint64_t{4} << 30;

/// Returns the folder, in a shard's folder, with what is not part of the shard yet: new files, and
/// the journal of a replay.
std::string replay_folder(const std::string& shard_folder);
/// Returns the folder of the journal of a replay that is not committed yet, in a shard's folder.
std::string replay_journal(const std::string& shard_folder);
/// Returns the folder of the new files, in a shard's folder.
std::string staging_folder(const std::string& shard_folder);
/// Returns the file whose existence says that the staged files are complete: they are moved,
/// whatever happens.
std::string decision_file(const std::string& shard_folder);

/// Returns where the file `name` of the shard in `folder` stands: there, or, behind the decision,
/// where it will be moved from.
std::string current_file(const std::string& folder, const std::string& name);

/// Reads the file that current_file() names, also while it is moved. Errors: as read_file().
Result<std::string> read_current(const std::string& folder, const std::string& name);

}  // namespace fd
