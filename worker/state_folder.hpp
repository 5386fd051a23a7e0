#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/storage/folder_lock.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// What the command line and the machine say of where a worker keeps its journal.
struct StateRequest {
  std::optional<std::string> name;     ///< --name
  std::optional<std::string> state;    ///< --state
  std::optional<std::string> journal;  ///< --journal
  std::string host;
  std::string default_root;  ///< where workers without --state keep theirs
};

/// A worker's name and the folder of its journal, held by this process alone. The same command on
/// the same machine finds the same folder again, and with it what a killed worker had not handed
/// over.
struct StateFolder {
  std::string name;
  std::string journal;
  std::uint64_t incarnation = 0;  ///< higher than that of any earlier process on this folder
  FolderLock lock;
};

/// More workers than this on one machine want names of their own.
inline constexpr std::uint32_t kUnnamedWorkersMax = 1024;

/// Chooses and locks. Without a name it is `<host>-<k>`, k the lowest number whose folder is free.
/// Errors: busy (another worker has the folder); refused (check_own_folder()); storage.
Result<StateFolder> take_state_folder(const StateRequest& request);

}  // namespace fd
