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
  Place place;              ///< from its admission to the end of the attempt
  bool one_by_one = false;  ///< its candidates are asked for one by one, wherever that is
  /// Where several of its candidates were refused at once, which nobody knows yet the reason of.
  std::optional<std::size_t> refused_many;
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

/// Notes at which provider the job has its place, and what that one takes.
void place_at(Job& job, const Place& place, const ProviderConfig& provider);

/// Leaves the first candidate of a purchase with `job` and returns a job of the others, as if they
/// had been submitted so. Requires: it asks for several.
JobPtr split_first(Job& job);

/// Returns what stands in the journal before the call is sent. Requires: it was admitted.
JournalIntent intent_of(const Job& job);

/// Returns whether the call came to nothing before anything of it was sent: there is nothing to
/// report.
bool left_nothing(const Job& job);

}  // namespace fd
