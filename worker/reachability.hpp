#pragma once

#include <string>

#include "actors/system/clock.hpp"

namespace fd {

/// Tries what a connection to tcp://HOST:PORT needs, and returns in words what is not there: the
/// host's name, a listener. With nothing missing, says that somebody listens. Waits for at most
/// `patience` at each address, and for the resolver as long as that takes. Thread: any.
std::string why_unreachable(const std::string& endpoint, Duration patience);

}  // namespace fd
