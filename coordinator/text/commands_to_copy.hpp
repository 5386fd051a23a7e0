#pragma once

#include <string>

#include "actors/system/shell_text.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Returns the command that goes on with the run in `folder`, for people to copy.
inline std::string resume_line(const std::string& folder) {
  return "fd-coordinator resume " + shell_word(folder);
}

/// Returns the command that writes the shard in `folder` again, for people to copy.
inline std::string fresh_replay(const std::string& folder) {
  return "fd-coordinator replay " + shell_word(folder + "/" + RunDir::kManifest) + " --fresh";
}

}  // namespace fd
