#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "protocol/base/result.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// What a worker found at a provider.
struct EndpointReport {
  std::string provider;
  EndpointState state = EndpointState::untried;
  bool answered = false;     ///< ever, since this process knows the config
  std::uint64_t out_ms = 0;  ///< for how long it has been out
  std::string words;         ///< of the last refusal or failure, for people
  std::uint32_t wanted = 0;  ///< calls that no other endpoint will do for
  [[nodiscard]] bool out() const {
    return state == EndpointState::waits || state == EndpointState::refuses;
  }
  friend bool operator==(const EndpointReport&, const EndpointReport&) = default;
};

/// Returns why nothing can come of going on, or nothing while something may. Of every endpoint that
/// was reported it holds that it refuses, or that it has been out for longer than
/// outage_timeout_s, or startup_timeout_s before its first answer.
std::optional<Error> why_hopeless(std::span<const EndpointReport> reports,
                                  const GatewayConfig& config);

}  // namespace fd
