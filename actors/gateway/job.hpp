#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "actors/gateway/chat_call.hpp"
#include "actors/gateway/endpoint_pool.hpp"
#include "actors/gateway/retry.hpp"
#include "actors/system/clock.hpp"
#include "protocol/journal.hpp"

namespace fd {

/// A call on its way, from submit() to its result.
struct Job {
  ChatCall call;
  std::string body;  ///< the request; empty before the first attempt
  ChatResult result;
  RetryState retry;
  EndpointPool::Place place;            ///< from its admission to the end of the attempt
  std::optional<std::uint32_t> ticket;  ///< of its intent, once the journal has that
  Instant submitted{};
  Instant first_sent{};
};
using JobPtr = std::unique_ptr<Job>;

/// Returns the job of a new call, with the result's identity filled in.
JobPtr make_job(ChatCall call, Instant now);

/// Returns what stands in the journal before the call is sent. Requires: it was admitted.
JournalIntent intent_of(const Job& job);

/// Returns whether the call came to nothing before anything of it was sent: there is nothing to
/// report.
bool left_nothing(const Job& job);

}  // namespace fd
