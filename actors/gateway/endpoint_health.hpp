#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "actors/gateway/fault.hpp"
#include "actors/system/clock.hpp"
#include "protocol/base/digest.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// After how many failures in a row an endpoint is left alone for a while: failures to reach it,
/// and those of different requests.
inline constexpr std::uint32_t kFailuresToPause = 5;
/// The shortest and the longest time between two probes of an endpoint that is out.
inline constexpr Duration kMinProbeInterval = std::chrono::milliseconds(10);
inline constexpr Duration kMaxProbeInterval = std::chrono::seconds(10);
/// The same of one that refuses: somebody has to mend something first.
inline constexpr Duration kMinRefusalInterval = std::chrono::seconds(5);
inline constexpr Duration kMaxRefusalInterval = std::chrono::minutes(5);
/// So many times the limit of equal refusals are enough if they are not equal.
inline constexpr std::uint32_t kUnequalRefusals = 4;

/// What is known of one endpoint from the attempts there. It is out when it refuses or is not
/// there; then one call at a time (a probe) is tried at growing intervals, and the first reply that
/// says otherwise brings it back. Before its first answer nothing that goes wrong is a request's
/// fault for certain. Time-outs, and throttling without a time to wait, lower how many
/// calls may be in flight; answers raise it again.
/// No clock. Thread: one at a time.
class EndpointHealth {
 public:
  explicit EndpointHealth(const RetryConfig& retry) : retry_(retry) {}

  /// An attempt of the request with this call key came back.
  struct Lesson {
    const Attempt& attempt;
    Fault fault;
    Digest request;
    bool probe = false;
    Instant sent;
    std::uint32_t in_flight = 0;  ///< here, without this one
    /// As many equal refusals of different requests before the first answer are the endpoint's.
    std::uint32_t refusal_limit = 1;
  };
  /// Returns whether the endpoint is in another state than before. Requires: 0 <= jitter < 1.
  bool learn(const Lesson& lesson, Instant now, double jitter);
  /// What refused so far was the endpoint's fault, if two requests at least were refused alike:
  /// nothing is left that could show otherwise. Returns whether it is out.
  bool conclude(Instant now, double jitter);

  /// It answers somebody else, or did so in an earlier start: what it refuses is the requests'
  /// fault.
  void trust(Instant now);

  [[nodiscard]] EndpointState state() const { return state_; }
  [[nodiscard]] bool out() const {
    return state_ == EndpointState::waits || state_ == EndpointState::refuses;
  }
  /// Returns whether it answered here or elsewhere.
  [[nodiscard]] bool trusted() const { return trusted_; }
  /// Returns whether it ever answered here, or refused one request for what it says: it is not
  /// loading.
  [[nodiscard]] bool is_up() const { return answered_ || refused_one_; }
  /// Returns before when it gets no call.
  [[nodiscard]] Instant not_before() const { return not_before_; }
  /// Returns how many calls it is to have at the same time: no more than may be known to be too
  /// many after time-outs, and before its first answer no more than are left of `refusal_limit`
  /// that it may refuse.
  [[nodiscard]] std::uint32_t width(std::uint32_t refusal_limit) const;
  /// Says what it is like. Requires: the provider's name is filled in by the caller.
  [[nodiscard]] EndpointReport report(Instant now) const;

 private:
  void on_answer(Instant now);
  void on_reply(Instant now);
  void on_failure(const Lesson& lesson, Instant now, double jitter);
  bool narrow(const Lesson& lesson, Instant now);
  void on_throttle(const Lesson& lesson, Instant now, double jitter);
  void tally(const Lesson& lesson, Instant now, double jitter);
  void go_out(EndpointState state, const std::string& words, Instant now, double jitter);
  [[nodiscard]] Duration probe_interval(double jitter) const;

  /// Replies in the same words.
  struct Refusals {
    std::set<Digest> requests;
    std::uint32_t replies = 0;  ///< one request may be tried again
  };

  RetryConfig retry_;
  EndpointState state_ = EndpointState::untried;
  bool answered_ = false;
  bool trusted_ = false;
  bool refused_one_ = false;  ///< a request, and not itself to blame as far as is known
  std::string words_;
  Instant out_since_{};
  Instant not_before_{};
  std::uint32_t failures_ = 0;                ///< in a row, of different requests where it is there
  std::set<Digest> failing_;                  ///< those requests
  std::uint32_t probes_ = 0;                  ///< that failed since it went out
  std::uint32_t throttles_ = 0;               ///< in a row
  std::map<std::string, Refusals> refusals_;  ///< before the first answer, by words
  std::uint32_t refused_ = 0;                 ///< replies in it
  bool tallied_ = false;  ///< it is out for what it refused before its first answer
  std::uint32_t width_ = UINT32_MAX;
  std::uint32_t answers_at_width_ = 0;
  Instant narrowed_{};  ///< a time-out of a call that was sent before says nothing new
};

}  // namespace fd
