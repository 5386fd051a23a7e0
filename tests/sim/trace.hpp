#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/schedule.hpp"

namespace fd::sim {

/// What happened, as a hash that two runs can be compared by and, when asked for, as lines for
/// people.
class Trace {
 public:
  explicit Trace(bool print) : print_(print) {}

  /// Notes that `what` happened to `who` (0: the coordinator, k: worker k) at `time`.
  void note(Time time, std::string_view what, std::uint32_t who, std::uint64_t a = 0,
            std::uint64_t b = 0, std::uint64_t c = 0);

  /// Adds one line for people; no part of the hash. Costs nothing unless printed.
  [[nodiscard]] bool prints() const { return print_; }
  void line(Time time, const std::string& text) const;

  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  void mix(std::uint64_t bits);
  bool print_;
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

/// Where every check reports. The first failure is kept; the world stops at it.
class Oracle {
 public:
  void fail(Time time, std::string what) {
    if (!failure_) {
      failure_ = "at " + std::to_string(time / kMillisecond) + " ms: " + std::move(what);
    }
  }
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }

 private:
  std::optional<std::string> failure_;
};

}  // namespace fd::sim
