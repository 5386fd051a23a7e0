#pragma once

#include <string>
#include <vector>

#include "actors/config/bind.hpp"
#include "actors/config/overrides.hpp"
#include "actors/config/problems.hpp"

namespace fd {

/// Checks gateway.providers as check_config() does: names, addresses, and that secrets stand in the
/// environment or in files, never in the config.
void check_providers(const BoundConfig& bound, const EnvironmentLookup& environment,
                     ConfigProblems& problems, std::vector<std::string>& warnings);

/// Returns what is wrong with parameters that are added to a request; empty: nothing. A request's
/// own members have keys of their own.
std::string parameter_fault(const json::Object& parameters);

}  // namespace fd
