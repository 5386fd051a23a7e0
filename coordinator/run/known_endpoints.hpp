#pragma once

#include <span>
#include <string>
#include <vector>

#include "actors/config/overrides.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

// Where this user's secrets may go. The config in a run's folder may be somebody else's: a folder
// that was unpacked names whatever endpoint its maker likes, and the variable that holds a key.
// What a config of this user's own once sent where is in a file outside of all runs, as ssh keeps
// known_hosts.

/// Returns the file: $XDG_STATE_HOME/fastdistill/known_endpoints, by default in ~/.local/state.
/// Empty: there is no home.
std::string known_endpoints_file(const EnvironmentLookup& environment);

/// Notes where the providers of a config that this user gave send secrets. Errors: storage.
Result<void> note_endpoints(const std::string& file, const GatewayConfig& gateway);

/// Returns what this command says about places: the values of its `--set KEY=VALUE`, and of
/// FASTDISTILL_BASE_URL.
std::vector<std::string> said_places(const std::vector<std::string>& sets,
                                     const EnvironmentLookup& environment);

/// Checks that each secret goes only where it went before, or where each part of the place (base
/// URL, proxy, certificates) is one of `said`.
/// Errors: refused (exit 8), naming provider, secret and address; storage.
Result<void> check_endpoints(const std::string& file, const GatewayConfig& gateway,
                             std::span<const std::string> said);

}  // namespace fd
