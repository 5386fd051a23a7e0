#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "actors/transport/transport_security.hpp"

namespace fd {

/// Lines that one kind of notice may fill within a minute; the others are counted.
inline constexpr std::uint32_t kNoticesPerMinute = 10;

/// Counts notices and says which of them may be written. Pure.
class NoticeBudget {
 public:
  /// Returns whether this notice gets a line.
  bool take(Instant now);
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  std::optional<Instant> minute_;  ///< when the current one began
  std::uint32_t written_ = 0;      ///< in it
  std::uint64_t total_ = 0;
};

/// Writes what a transport refused to the log, a bounded number of lines whatever comes in.
/// Thread: any.
class NoticeLog {
 public:
  NoticeLog(const Clock& clock, const Log& log) : clock_(clock), log_(log) {}
  void write(const TransportNotice& notice);

 private:
  static constexpr std::size_t kKinds = 6;
  const Clock& clock_;
  const Log& log_;
  std::mutex mutex_;
  std::array<NoticeBudget, kKinds> budgets_;  // guarded by mutex_
};

}  // namespace fd
