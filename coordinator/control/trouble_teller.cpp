#include "coordinator/control/trouble_teller.hpp"

#include <algorithm>

#include "actors/gateway/finish_reason.hpp"
#include "coordinator/text/error_hint.hpp"

namespace fd {
namespace {

constexpr std::size_t kTroublesTold = 1000;  ///< of all workers
constexpr std::uint64_t kPauseMaxMs = 365ULL * 24 * 3600 * 1000;
constexpr std::size_t kPausesMax = 64;  ///< providers
/// A shorter pause is no news.
constexpr Duration kPauseTold = std::chrono::seconds(5);
/// How long a further pause of a provider is not told: longer each time.
constexpr Duration kPauseGapMin = std::chrono::minutes(1);
constexpr Duration kPauseGapMax = std::chrono::minutes(30);

constexpr std::string_view kUnauthorized = "unauthorized: ";

/// Returns whether the provider, or the connection to it, made the call end so.
bool is_providers(CallEnd end) {
  return end == CallEnd::failed || end == CallEnd::refused || end == CallEnd::unauthorized;
}

}  // namespace

/// What a worker cannot do ends no run, but somebody must see it: each text is told once.
void TroubleTeller::hear(const WorkerState& state) {
  for (const std::string& what : state.troubles) {
    const std::string shown = log_value(what);
    if (troubles_.size() < kTroublesTold && troubles_.insert({state.name, shown}).second) {
      ports_.warn("worker_trouble", {{"worker", state.name}, {"what", what}});
      ports_.tell("worker " + log_value(state.name) + ": " + shown);
    }
  }
  for (const EndpointError& error : state.endpoint_errors) {
    hear_error(error);
    hear_pause(error);
  }
}

void TroubleTeller::hear(const Record& record) {
  if (record.answer) {
    hear_answer(*record.answer);
  }
  if (record.call && record.fence > last_fence_ && is_providers(record.call->end)) {
    const Call& call = *record.call;
    const std::string_view words = call.error;
    hear_error(
        {call.endpoint, call.http_status,
         std::string(words.substr(words.starts_with(kUnauthorized) ? kUnauthorized.size() : 0)),
         0});
  }
}

void TroubleTeller::hear_error(const EndpointError& error) {
  if (errors_.add(error)) {
    ports_.tell(error_with_hint(error));
  } else if (errors_.others() > 0) {
    tell_once("further sorts of errors are counted, not shown");
  }
}

/// A worker repeats what is left of a pause, and a provider may ask for one after the other.
void TroubleTeller::hear_pause(const EndpointError& error) {
  const Duration pause = std::chrono::milliseconds(std::min(error.wait_ms, kPauseMaxMs));
  const Instant now = ports_.now();
  const auto known = pauses_.find(error.provider);
  if (pause < kPauseTold ||
      (known == pauses_.end() ? pauses_.size() >= kPausesMax : now < known->second.quiet_until)) {
    return;
  }
  Pauses& pauses = pauses_[error.provider];
  pauses.gap =
      pauses.gap == Duration::zero() ? kPauseGapMin : std::min(2 * pauses.gap, kPauseGapMax);
  pauses.quiet_until = now + std::max(pauses.gap, pause);
  ports_.tell(log_value(error.provider) + " asked for a pause: its calls wait until " +
              ports_.time_of_day(pause));
}

/// An answer that ends with a word that is not known counts as truncated, and so does one that a
/// limit of length cut.
void TroubleTeller::hear_answer(const Answer& answer) {
  const std::string& word = answer.finish_reason;
  const Finish finish = finish_of(word);
  if (finish == Finish::unknown && finish_words_.size() < kTroublesTold &&
      finish_words_.insert(word).second) {
    ports_.warn("finish_reason_unknown", {{"word", word}});
    ports_.tell("finish_reason " + log_value(word) +
                " is not known: such answers count as truncated");
  }
  if (finish == Finish::truncated &&
      answer.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    tell_once(
        "an answer was cut before it began, all its tokens went into reasoning\n"
        "  hint: raise teacher.decode.max_tokens");
  }
}

void TroubleTeller::tell_once(const std::string& line) {
  if (lines_.insert(line).second) {
    ports_.tell(line);
  }
}

}  // namespace fd
