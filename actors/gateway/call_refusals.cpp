// The part of CallQueue that decides what becomes of calls that endpoints refuse: an endpoint may
// refuse this request, or every request.

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/gateway/call_queue.hpp"
#include "actors/gateway/finish_reason.hpp"

namespace fd {

void CallQueue::was_refused(JobPtr job, const Attempt& attempt, Instant now) {
  job->result.call.error = attempt.error;
  job->result.failure =
      attempt.end == AttemptEnd::too_large ? Reason::provider_error : Reason::provider_rejected;
  Met& met = meet(*job, job->place.endpoint);
  met.refused = true;
  met.filtered = attempt.filtered;
  if (job->call.era < era_ && pool_.standing(job->met) != EndpointPool::Standing::final) {
    end(std::move(job), CallEnd::cancelled, Reason::internal, attempt.error, now);
    return;
  }
  stand(std::move(job), now);
}

/// Decides what becomes of a call that is to be tried again, if that can be said.
void CallQueue::stand(JobPtr job, Instant now) {
  switch (pool_.standing(job->met)) {
    case EndpointPool::Standing::elsewhere:
      again_.push_back(std::move(job));
      break;
    case EndpointPool::Standing::pending:
      suspended_.push_back(std::move(job));
      break;
    case EndpointPool::Standing::final:
      end_refused(std::move(job), now);
      break;
  }
}

/// Other endpoints may be asked than before: looks at what was refused once more. What one refused
/// that was out before it ever answered says nothing about the request.
void CallQueue::review(Instant now) {
  const auto absolved = [this](std::vector<Met>& met) {
    for (Met& here : met) {
      here.refused = here.refused && !pool_.at_fault(here.endpoint);
    }
  };
  std::deque<JobPtr> jobs = std::exchange(again_, {});
  std::ranges::move(suspended_, std::back_inserter(jobs));
  suspended_.clear();
  for (JobPtr& job : jobs) {
    absolved(job->met);
    stand(std::move(job), now);
  }
}

/// Nothing is left, or may be sent, that could show whose fault the refusals are.
void CallQueue::conclude(Instant now) {
  const bool others = !waiting_.empty() && may_doubt_more();
  if (suspended_.empty() || in_flight_ > 0 || others || !again_.empty() || !delayed_.empty()) {
    return;
  }
  if (pool_.conclude(now, jitter())) {
    review(now);
    return;
  }
  for (JobPtr& job : std::exchange(suspended_, {})) {
    end_refused(std::move(job), now);
  }
}

void CallQueue::end_refused(JobPtr job, Instant now) {
  const Reason reason = job->result.failure;
  std::string error = job->result.call.error;
  const auto by_filter = [](const Met& met) { return !met.refused || met.filtered; };
  if (std::ranges::all_of(job->met, by_filter)) {
    job->result.answer.finish_reason = kFiltered;
    end(std::move(job), CallEnd::refused, Reason::none, std::move(error), now);
    return;
  }
  end(std::move(job), reason == Reason::provider_error ? CallEnd::failed : CallEnd::refused, reason,
      std::move(error), now);
}

}  // namespace fd
