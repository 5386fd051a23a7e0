#include "actors/gateway/purchases.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::uint32_t kBadRequest = 400;
constexpr std::uint32_t kUnprocessable = 422;

bool asks_one_by_one(const ProviderConfig& provider) {
  return provider.candidates == CandidatesPerRequest::one;
}

}  // namespace

Purchases::Purchases(const GatewayConfig& config) {
  for (const ProviderConfig& provider : config.providers) {
    endpoints_.push_back(
        {asks_one_by_one(provider), provider.candidates == CandidatesPerRequest::many});
  }
}

bool Purchases::fits(const Job& job) const {
  return job.call.count == 1 ||
         (!job.one_by_one && endpoints_.at(job.place.endpoint).takes_several());
}

std::uint32_t Purchases::requests(const Job& job) const {
  const bool together =
      !job.one_by_one && std::ranges::any_of(endpoints_, &Endpoint::takes_several);
  return together ? 1 : job.call.count;
}

/// Returns whether a request was perhaps refused because it asks for several candidates.
bool Purchases::is_suspect(const Endpoint& endpoint, const Attempt& attempt) {
  return (attempt.status == kBadRequest || attempt.status == kUnprocessable) &&
         (!endpoint.proven || names_word(lowered(attempt.error), "n"));
}

Fault Purchases::learn(Job& job, const Attempt& attempt, Fault fault) {
  Endpoint& endpoint = endpoints_.at(job.place.endpoint);
  if (job.call.count == 1) {
    if (job.refused_many == job.place.endpoint && fault == Fault::request) {
      endpoint.cleared = true;
      job.refused_many.reset();
    } else if (fault == Fault::none && std::exchange(endpoint.cleared, false)) {
      endpoint.doubted = false;
    }
    return fault;
  }
  if (fault == Fault::none) {
    endpoint.one = endpoint.one || attempt.choices < job.call.count;
    endpoint.proven = endpoint.proven || attempt.choices > 1;
    endpoint.doubted = endpoint.doubted && !endpoint.proven;
    return fault;
  }
  if (fault != Fault::request) {
    return fault;
  }
  if (attempt.end == AttemptEnd::too_large) {
    job.one_by_one = true;
    return Fault::many;
  }
  if (is_suspect(endpoint, attempt)) {
    endpoint.doubted = true;
    job.refused_many = job.place.endpoint;
    return Fault::many;
  }
  return fault;
}

std::uint32_t purchase_max(const RunConfig& config) {
  return std::ranges::all_of(config.gateway.providers, asks_one_by_one) ? 1
                                                                        : config.teacher.decode.n;
}

}  // namespace fd
