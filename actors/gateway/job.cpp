#include "actors/gateway/job.hpp"

#include <algorithm>
#include <utility>

namespace fd {
namespace {

/// A rule of thumb: what a call in doubt may have cost can only be estimated.
constexpr std::uint64_t kBytesPerToken = 4;

}  // namespace

JobPtr make_job(ChatCall call, Instant now) {
  auto job = std::make_unique<Job>();
  ChatResult& result = job->result;
  result.tag = call.tag;
  result.call = begun(call);
  static_cast<CallIdentity&>(result.answer) = call;
  result.answer.model = call.model;
  job->call = std::move(call);
  job->submitted = now;
  return job;
}

Met& meet(Job& job, std::size_t endpoint) {
  const auto found = std::ranges::find(job.met, endpoint, &Met::endpoint);
  return found != job.met.end() ? *found : job.met.emplace_back(Met{.endpoint = endpoint});
}

void place_at(Job& job, const Place& place, const ProviderConfig& provider) {
  const PriceConfig& price = provider.price_per_mtok;
  job.place = place;
  job.result.call.endpoint = provider.name;
  job.result.call.price = price.known()
                              ? std::optional(Price{price.input.value_or(0),
                                                    price.output.value_or(0), price.cached_input})
                              : std::nullopt;
}

JobPtr split_first(Job& job) {
  ChatCall others = job.call;
  static_cast<CallIdentity&>(others) = identity_of(job.call, 1);
  others.more_keys.erase(others.more_keys.begin());
  --others.count;
  if (others.decode.seed) {
    ++*others.decode.seed;
  }
  JobPtr rest = make_job(std::move(others), job.submitted);
  rest->one_by_one = job.one_by_one;
  job.call.count = job.result.call.count = 1;
  job.call.more_keys.clear();
  return rest;
}

JournalIntent intent_of(const Job& job) {
  const ChatCall& call = job.call;
  std::uint64_t bytes = 0;
  for (const ChatMessage& message : call.messages) {
    bytes += message.content.size();
  }
  JournalIntent intent;
  static_cast<CallIdentity&>(intent) = call;
  intent.shard = call.shard;
  intent.fence = call.fence;
  intent.count = call.count;
  intent.estimated_prompt_tokens = (bytes + kBytesPerToken - 1) / kBytesPerToken;
  intent.max_tokens = call.decode.max_tokens.value_or(0);
  intent.endpoint = job.result.call.endpoint;
  return intent;
}

bool left_nothing(const Job& job) {
  const Call& call = job.result.call;
  return call.attempts == 0 &&
         (call.end == CallEnd::cancelled || call.end == CallEnd::journal_failed);
}

}  // namespace fd
