#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <string>

#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"

namespace fd {

/// Says that the coordinator is not heard, and why that may be.
class SilenceReport {
 public:
  /// Lifetime: `log` outlives it.
  SilenceReport(std::string endpoint, const Log& log) : endpoint_(std::move(endpoint)), log_(log) {}

  /// Nothing was heard for so long. Thread: any.
  void silent(Duration time) { silent_s_ = std::chrono::floor<std::chrono::seconds>(time).count(); }

  /// Says what is to be said. Never waits: the resolver may take its time, on a thread of its own
  /// that nobody waits for. Thread: always the same one.
  void look();

 private:
  const std::string endpoint_;
  const Log& log_;
  std::atomic<std::int64_t> silent_s_ = 0;
  std::int64_t shown_s_ = 0;
  std::future<std::string> why_;  ///< of the probe under way
};

}  // namespace fd
