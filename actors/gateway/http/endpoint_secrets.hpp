#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/gateway/http/curl_senders.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Looks up the secrets of a config's providers by `environment`, where calls are made and nowhere
/// else. A line break at the end of a key is left out.
/// Errors: invalid_input, naming the variable that is not set.
Result<std::vector<Endpoint>> endpoints_with_secrets(
    const RunConfig& config,
    const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace fd
