#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/gateway/call_sender.hpp"
#include "actors/gateway/http/endpoint.hpp"

namespace fd {

/// Hears of every attempt that brought no answer, also of one that is tried again, and of one that
/// brought fewer than it was to. Its words are without secrets. Thread: any of the senders'; must
/// not wait.
using AttemptListener = std::function<void(const std::string& provider, const Attempt& attempt)>;

/// Returns what makes senders of HTTP/1.1 chat completions: libcurl's multi interface on a thread
/// of its own (one for every 2,048 calls in flight), with keep-alive, and no silent re-send of a
/// POST. `endpoints` are the providers of the gateway's config, in its order.
MakeSenders curl_senders(std::vector<Endpoint> endpoints, double request_timeout_s,
                         AttemptListener failed = {});

}  // namespace fd
