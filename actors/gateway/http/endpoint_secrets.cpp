#include "actors/gateway/http/endpoint_secrets.hpp"

#include <utility>

namespace fd {

Result<std::vector<Endpoint>> endpoints_with_secrets(
    const RunConfig& config,
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  std::vector<Endpoint> endpoints;
  for (const ProviderConfig& provider : config.gateway.providers) {
    Endpoint endpoint{provider, ""};
    if (!provider.api_key_env.empty()) {
      endpoint.api_key = environment(provider.api_key_env).value_or("");
      while (endpoint.api_key.ends_with('\n') || endpoint.api_key.ends_with('\r')) {
        endpoint.api_key.pop_back();
      }
      if (endpoint.api_key.empty()) {
        return Error{Errc::invalid_input, "the environment variable " + provider.api_key_env +
                                              " (key of provider " + provider.name +
                                              ") is not set here"};
      }
    }
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

}  // namespace fd
