#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "protocol/run_config.hpp"

namespace fd {

/// How many earlier runs `reuse: auto` looks into: the newest.
inline constexpr std::size_t kEarlierRunsMax = 100;
/// How many folders beside the run are looked at to find them: the newest.
inline constexpr std::size_t kFoldersLookedAtMax = 1000;

/// Takes a line for people.
using Tell = std::function<void(const std::string&)>;

/// Returns the folders beside `own_root` that hold runs of the same task whose teacher is asked the
/// same way (model, prompts, decoding; any number of candidates), the newest first. Only their
/// run.json is read. What is not a run's folder, or another task's, is left out without a word; a
/// run that is damaged, another user's or of a program that this one does not understand, with a
/// line to `tell`.
std::vector<std::string> earlier_runs(const std::string& own_root, const RunConfig& config,
                                      const Tell& tell);

}  // namespace fd
