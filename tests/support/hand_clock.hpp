#pragma once

#include "actors/system/clock.hpp"

namespace fd::testing_support {

/// A clock that stands still until a test moves it.
class HandClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  Instant now_{std::chrono::seconds(1000)};
};

}  // namespace fd::testing_support
