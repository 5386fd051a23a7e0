#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  Place place;  ///< from its admission to the end of the attempt
  std::vector<Met> met;
  std::optional<std::uint32_t> ticket;  ///< of its intent, once the journal has that
  Instant submitted{};
  Instant first_sent{};
  Instant sent{};  ///< the attempt under way
};
using JobPtr = std::unique_ptr<Job>;

/// Returns the job of a new call, with the result's identity filled in.
JobPtr make_job(ChatCall call, Instant now);

/// Returns what the call has met at the endpoint.
Met& meet(Job& job, std::size_t endpoint);

/// Returns what stands in the journal before the call is sent. Requires: it was admitted.
JournalIntent intent_of(const Job& job);

/// Returns whether the call came to nothing before anything of it was sent: there is nothing to
/// report.
bool left_nothing(const Job& job);

}  // namespace fd
