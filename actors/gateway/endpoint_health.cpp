#include "actors/gateway/endpoint_health.hpp"

#include <algorithm>

#include "actors/gateway/error_sorts.hpp"

namespace fd {
namespace {

/// One refusal may always be the request's fault.
constexpr std::uint32_t kFewestRefusals = 2;
/// As many answers as calls are in flight raise that by this part of it, or by one.
constexpr std::uint32_t kWidthPart = 16;

}  // namespace

bool EndpointHealth::learn(const Lesson& lesson, Instant now, double jitter) {
  const EndpointState before = state_;
  const Attempt& attempt = lesson.attempt;
  switch (lesson.fault) {
    case Fault::none:
      on_answer(now);
      break;
    case Fault::endpoint:
      tallied_ = false;
      go_out(EndpointState::refuses, attempt.error, now, jitter);
      break;
    case Fault::request:
      if (attempt.end == AttemptEnd::too_large && attempt.status < 300) {
        trust(now);  // it answers, if at too great a length
      }
      refused_one_ = true;
      on_reply(now);
      tally(lesson, now, jitter);
      break;
    case Fault::many:
      on_reply(now);
      break;
    case Fault::throttled:
      on_reply(now);
      on_throttle(lesson, now, jitter);
      break;
    case Fault::absent:
      on_failure(lesson, now, jitter);
      break;
    case Fault::passing:
      if (attempt.end == AttemptEnd::timed_out) {
        narrow(lesson, now);
      }
      if (!trusted_ && attempt.end == AttemptEnd::refused && attempt.status < 300) {
        tally(lesson, now, jitter);  // a page, or a reply of another kind
      } else {
        on_failure(lesson, now, jitter);
      }
      break;
  }
  return state_ != before;
}

bool EndpointHealth::conclude(Instant now, double jitter) {
  for (const auto& [words, equal] : refusals_) {
    if (equal.requests.size() >= kFewestRefusals) {
      tallied_ = true;
      go_out(EndpointState::refuses, words_, now, jitter);
      return true;
    }
  }
  return false;
}

void EndpointHealth::on_answer(Instant now) {
  if (out()) {
    not_before_ = now;
  }
  state_ = EndpointState::good;
  answered_ = trusted_ = true;
  tallied_ = false;
  failures_ = probes_ = throttles_ = 0;
  failing_.clear();
  refusals_.clear();
  refused_ = 0;
  if (width_ != UINT32_MAX && ++answers_at_width_ >= width_) {
    width_ += std::max(1u, width_ / kWidthPart);
    answers_at_width_ = 0;
  }
}

void EndpointHealth::trust(Instant now) {
  trusted_ = true;
  if (state_ == EndpointState::refuses && tallied_) {
    state_ = answered_ ? EndpointState::good : EndpointState::untried;
    not_before_ = now;
  }
  refusals_.clear();
  refused_ = 0;
}

/// It is there, and says something about one request.
void EndpointHealth::on_reply(Instant now) {
  if (state_ == EndpointState::waits) {
    state_ = answered_ ? EndpointState::good : EndpointState::untried;
    not_before_ = now;
    probes_ = 0;
  }
  failures_ = 0;
  failing_.clear();
}

void EndpointHealth::on_failure(const Lesson& lesson, Instant now, double jitter) {
  // A request of which the server dies says nothing about the others, however often it is tried.
  const Attempt& attempt = lesson.attempt;
  const bool any = lesson.fault == Fault::absent || attempt.end == AttemptEnd::timed_out ||
                   attempt.status == 503 || (!is_up() && may_be_loading(attempt));
  const bool first = any || failing_.insert(lesson.request).second;
  failures_ += first ? 1 : 0;
  if (out()) {
    // Calls that were under way when it went out say nothing new; only a probe does.
    if (lesson.probe) {
      ++probes_;
      go_out(state_, lesson.attempt.error, now, jitter);
    }
  } else if (failures_ >= kFailuresToPause) {
    go_out(EndpointState::waits, lesson.attempt.error, now, jitter);
  } else {
    words_ = lesson.attempt.error;
  }
}

/// Fewer calls at the same time. What was sent before the last time says nothing new. Returns
/// whether it did.
bool EndpointHealth::narrow(const Lesson& lesson, Instant now) {
  if (lesson.sent < narrowed_) {
    return false;
  }
  width_ = std::max(1u, std::min(width_, lesson.in_flight + 1) / 2);
  answers_at_width_ = 0;
  narrowed_ = now;
  return true;
}

void EndpointHealth::on_throttle(const Lesson& lesson, Instant now, double jitter) {
  const Attempt& attempt = lesson.attempt;
  if (!attempt.retry_after && narrow(lesson, now)) {
    ++throttles_;
  }
  words_ = attempt.error;
  const Duration own = part(backoff_limit(retry_, std::max(throttles_, 1u) - 1), jitter);
  not_before_ =
      std::max(not_before_, now + std::max(attempt.retry_after.value_or(own), Duration{}));
}

/// Counts a refusal, which may be the endpoint's as long as it is not trusted.
void EndpointHealth::tally(const Lesson& lesson, Instant now, double jitter) {
  words_ = lesson.attempt.error;
  if (trusted_) {
    return;
  }
  if (state_ == EndpointState::refuses) {
    if (lesson.probe) {
      ++probes_;
      go_out(state_, words_, now, jitter);
    }
    return;
  }
  Refusals& equal = refusals_[without_numbers(words_)];
  equal.requests.insert(lesson.request);
  ++equal.replies;
  ++refused_;
  const std::uint32_t limit = std::max(lesson.refusal_limit, kFewestRefusals);
  const bool enough = equal.replies >= limit && equal.requests.size() >= kFewestRefusals;
  if (enough || refused_ >= limit * kUnequalRefusals) {
    tallied_ = true;
    go_out(EndpointState::refuses, words_, now, jitter);
  }
}

void EndpointHealth::go_out(EndpointState state, const std::string& words, Instant now,
                            double jitter) {
  if (state_ != state) {
    out_since_ = now;
    probes_ = 0;
  }
  state_ = state;
  words_ = words;
  not_before_ = std::max(not_before_, now + probe_interval(jitter));
}

std::uint32_t EndpointHealth::width(std::uint32_t refusal_limit) const {
  if (trusted_ || refused_ == 0) {
    return width_;
  }
  const std::uint32_t left = refusal_limit - std::min<std::uint32_t>(refusal_limit, refused_);
  return std::min(width_, std::max(left, 1u));
}

Duration EndpointHealth::probe_interval(double jitter) const {
  Duration limit = std::clamp(backoff_limit(retry_, probes_), kMinProbeInterval, kMaxProbeInterval);
  if (state_ == EndpointState::refuses) {
    constexpr std::uint32_t kDoublings = 6;
    limit = std::min<Duration>(kMinRefusalInterval * (1 << std::min(probes_, kDoublings)),
                               kMaxRefusalInterval);
  }
  return part(limit, 0.5 + 0.5 * jitter);
}

EndpointReport EndpointHealth::report(Instant now) const {
  EndpointReport report;
  report.state = state_;
  report.answered = answered_;
  if (state_ != EndpointState::good) {
    report.words = words_.substr(0, kMaxErrorWords);
  }
  if (out()) {
    report.out_ms = static_cast<std::uint64_t>(std::max(now - out_since_, Duration::zero()) /
                                               std::chrono::milliseconds(1));
  }
  return report;
}

}  // namespace fd
