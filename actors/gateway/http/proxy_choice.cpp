#include "actors/gateway/http/proxy_choice.hpp"

#include <algorithm>
#include <string_view>

#include "actors/config/endpoint_url.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Returns whether one entry of NO_PROXY means `host`. Requires: both in lower case.
bool means(std::string_view entry, std::string_view host) {
  entry = entry.substr(0, entry.find(':'));  // with a port or without
  if (entry == "*" || entry == host) {
    return true;
  }
  while (entry.starts_with('*') || entry.starts_with('.')) {
    entry.remove_prefix(1);
  }
  return !entry.empty() &&
         (entry == host || (host.ends_with(entry) && host[host.size() - entry.size() - 1] == '.'));
}

bool is_left_out(std::string_view list, const std::string& host) {
  const std::string low = lowered(list);
  std::string_view rest = low;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(", \t"), rest.size());
    if (end > 0 && means(rest.substr(0, end), host)) {
      return true;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

std::string proxy_for(
    const ProviderConfig& provider,
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  const Result<EndpointUrl> url = parse_endpoint_url(provider.base_url);
  if (provider.proxy.empty() || !url.ok() || url->loopback) {
    return "";
  }
  if (provider.proxy != "environment") {
    return provider.proxy;
  }
  const auto value = [&](const std::string& name) {
    const std::string low = environment(lowered(name)).value_or("");
    return low.empty() ? environment(name).value_or("") : low;
  };
  if (is_left_out(value("NO_PROXY"), url->host)) {
    return "";
  }
  const std::string proxy = value(url->https ? "HTTPS_PROXY" : "HTTP_PROXY");
  return proxy.empty() ? value("ALL_PROXY") : proxy;
}

}  // namespace fd
