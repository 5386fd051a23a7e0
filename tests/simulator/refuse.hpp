#pragma once

#include <string>
#include <utility>

#include "protocol/base/result.hpp"

namespace fd::simulator {

/// Returns the error of something that the simulator cannot take.
inline Error refuse(std::string message) {
  return Error{Errc::invalid_input, std::move(message)};
}

}  // namespace fd::simulator
