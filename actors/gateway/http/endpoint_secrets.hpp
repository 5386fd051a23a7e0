#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/gateway/http/endpoint.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Looks up what a config's providers name in the environment and in files, where calls are made
/// and nowhere else: keys, values of headers and query, the proxy, and the certificates that
/// SSL_CERT_FILE, SSL_CERT_DIR or CURL_CA_BUNDLE put in place of the system's. A line break at the
/// end of a secret is left out.
/// Errors: invalid_input, naming what is not there; refused, for a file that others can read.
Result<std::vector<Endpoint>> endpoints_with_secrets(
    const RunConfig& config,
    const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace fd
