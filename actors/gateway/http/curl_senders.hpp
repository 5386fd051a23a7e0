#pragma once

#include <string>
#include <vector>

#include "actors/gateway/call_sender.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// An endpoint with its secret looked up.
struct Endpoint {
  ProviderConfig config;
  std::string api_key;  ///< empty: no Authorization header
};

/// Returns what makes senders of HTTP/1.1 chat completions: libcurl's multi interface on a thread
/// of its own (one for every 2,048 calls in flight), with keep-alive, and no silent re-send of a
/// POST. `endpoints` are the providers of the gateway's config, in its order.
MakeSenders curl_senders(std::vector<Endpoint> endpoints, double request_timeout_s);

}  // namespace fd
