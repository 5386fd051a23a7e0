#include "actors/incarnation.hpp"

#include <chrono>

#include <sys/random.h>

namespace fd {

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  while (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
  }
  return value;
}

std::uint64_t new_incarnation() {
  constexpr int kRandomBits = 20;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return (static_cast<std::uint64_t>(ms) << kRandomBits) | (random_u64() >> (64 - kRandomBits));
}

}  // namespace fd
