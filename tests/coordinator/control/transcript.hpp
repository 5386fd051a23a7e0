#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "coordinator/control/coordinator_events.hpp"

namespace fd {

/// Returns what a core answered, one line each, as the golden conversations have it. `last_seq`: of
/// the state that came last from each peer; an order that answers another one says so.
std::string transcript(const CoordinatorEffects& effects,
                       const std::map<std::string, std::uint64_t>& last_seq);

}  // namespace fd
