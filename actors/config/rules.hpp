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

}  // namespace fd
