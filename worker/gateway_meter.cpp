#include "worker/gateway_meter.hpp"

#include <algorithm>

namespace fd {

/// Adds the time since the last change, if all slots were taken during it.
void GatewayMeter::settle() {
  const Instant now = clock_.now();
  if (under_way_ >= slots_) {
    full_ += now - since_;
  }
  since_ = now;
}

void GatewayMeter::set_slots(std::uint32_t slots) {
  const std::lock_guard lock(mutex_);
  settle();
  slots_ = std::max<std::uint32_t>(slots, 1);
}

void GatewayMeter::started() {
  const std::lock_guard lock(mutex_);
  settle();
  ++under_way_;
}

void GatewayMeter::ended() {
  const std::lock_guard lock(mutex_);
  settle();
  FD_CHECK(under_way_ > 0);
  --under_way_;
}

std::uint64_t GatewayMeter::full_ms() const {
  const std::lock_guard lock(mutex_);
  const Duration running = under_way_ >= slots_ ? clock_.now() - since_ : Duration::zero();
  return static_cast<std::uint64_t>((full_ + running) / std::chrono::milliseconds(1));
}

}  // namespace fd
