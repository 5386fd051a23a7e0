#include "actors/system/incarnation.hpp"

#include <algorithm>
#include <chrono>

#include <sys/random.h>

namespace fd {

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  while (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
  }
  return value;
}

std::uint64_t new_incarnation(std::uint64_t before) {
  constexpr int kRandomBits = 20;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::uint64_t moment =
      std::max(static_cast<std::uint64_t>(ms), (before >> kRandomBits) + 1);
  return (moment << kRandomBits) | (random_u64() >> (64 - kRandomBits));
}

}  // namespace fd
