#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/gateway/http/curl_senders.hpp"

namespace fd {

/// What an endpoint says to GET base_url/models.
struct ModelList {
  std::uint32_t status = 0;         ///< of HTTP; 0: no reply
  std::string error;                ///< one line without secrets; empty: it gave a list
  std::vector<std::string> models;  ///< as it calls them; valid UTF-8
};

/// Asks an endpoint for its models, with the address and the key that calls have. Waits for the
/// reply, at most `timeout_s`. Thread: any.
ModelList list_models(const Endpoint& endpoint, double timeout_s);

}  // namespace fd
