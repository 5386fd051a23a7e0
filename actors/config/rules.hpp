#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/config/bind.hpp"
#include "actors/config/problems.hpp"

namespace fd {

/// Checks what one key alone cannot tell: names, templates, patterns, URLs, secrets, and keys that
/// depend on each other. Keys that were refused already are left out.
/// With `environment`, the variables that api_key_env names must be set; their values are never
/// shown. Warnings are for people, one line each.
void check_config(const BoundConfig& bound,
                  const std::function<std::optional<std::string>(const std::string&)>& environment,
                  ConfigProblems& problems, std::vector<std::string>& warnings);

/// Checks what only a config for a new run is refused for or warned of, since a run that is there
/// may have it: prompts in the way of another tool, or without any field.
void check_new_config(const BoundConfig& bound, ConfigProblems& problems,
                      std::vector<std::string>& warnings);

}  // namespace fd
