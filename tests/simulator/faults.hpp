#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace fd::simulator {

/// The most different request bodies that faults keep count of; later ones get no fault, so that
/// every request ends some time.
inline constexpr std::size_t kMaxFaultBodies = 4'000'000;

/// What is done to a request instead of answering it.
enum class Fault {
  none,
  first_failures,  ///< 503, one of the first N times (--fail-first)
  rate_limited,    ///< 429
  server_error,    ///< 500
  closed,          ///< the connection is closed without a byte
  truncated,       ///< half of a good answer, then closed
  hung,            ///< no answer, the connection stays open
  malformed,       ///< 200 with a body that is no JSON
  rejected,        ///< 400, always (--reject-contains)
};

/// Returns the name that the request log uses.
std::string_view fault_name(Fault fault);

/// How often each fault happens. Units: fractions in [0, 1].
struct FaultRates {
  double rate_limited = 0;
  double server_error = 0;
  double closed = 0;
  double truncated = 0;
  double hung = 0;
  double malformed = 0;
  std::uint64_t fail_first = 0;  ///< times that each distinct body fails before anything else

  /// Returns the sum of the fractions.
  [[nodiscard]] double sum() const {
    return rate_limited + server_error + closed + truncated + hung + malformed;
  }
};

/// Decides faults from the seed, the body, and how often that body came before: a repeated request
/// has new luck, and order among different requests does not matter. Thread: one at a time.
class FaultPlan {
 public:
  /// Requires: rates.sum() <= 1.
  FaultPlan(FaultRates rates, std::uint64_t seed) : rates_(rates), seed_(seed) {}

  /// Returns the fate of the next request whose body has this hash.
  Fault next(std::uint64_t body_hash);

 private:
  FaultRates rates_;
  std::uint64_t seed_;
  std::unordered_map<std::uint64_t, std::uint64_t> times_seen_;
};

}  // namespace fd::simulator
