#pragma once

#include <string>

#include "actors/system/command_line.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Returns the command that writes the shard in `folder` again, for people to copy.
inline std::string fresh_replay(const std::string& folder) {
  return "fd-coordinator replay " + shell_word(folder + "/" + RunDir::kManifest) + " --fresh";
}

}  // namespace fd
