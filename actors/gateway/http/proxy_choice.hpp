#pragma once

#include <functional>
#include <optional>
#include <string>

#include "protocol/run_config.hpp"

namespace fd {

/// Returns the proxy that requests to a provider go through; empty: none. With `environment` it is
/// that of HTTPS_PROXY or HTTP_PROXY (by the scheme of the base URL), or else of ALL_PROXY, in
/// either case of letters, unless NO_PROXY names the host: a list of hosts and of domains, which
/// their subdomains are part of, or `*`. Loopback never has one.
std::string proxy_for(
    const ProviderConfig& provider,
    const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace fd
