#pragma once

#include <algorithm>
#include <cstdint>

#include "actors/system/clock.hpp"

namespace fd {

/// The longest that a record waits for others, to share a sync, a message, or a commit with them.
inline constexpr Duration kCompanyMax = std::chrono::milliseconds(20);
/// It waits for at most this part of the time that its call took.
inline constexpr std::uint64_t kCompanyPart = 25;

/// Returns how long the record of a call that took `service_us` waits: `least` where calls are
/// short, and longer where they take so long that nobody notices.
inline Duration company_wait(Duration least, std::uint64_t service_us) {
  const std::uint64_t part = service_us / kCompanyPart;
  const Duration most = std::max(least, kCompanyMax);
  return part > static_cast<std::uint64_t>(most.count())
             ? most
             : std::max(least, Duration(static_cast<std::int64_t>(part)));
}

}  // namespace fd
