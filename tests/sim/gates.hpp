#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/stages/stage.hpp"

namespace fd::sim {

/// Told of every sample whose database a gate opens.
using Opened = std::function<void(const Sample&)>;

/// Returns the stages of peer_stages(), in order: pure functions of a sample's answers, of which
/// each leaves something in the outcome.
std::vector<std::unique_ptr<Stage>> make_gates(Opened opened = {});

/// Returns how a sample ends that has passed the gates.
Outcome select(WorkItem item);

}  // namespace fd::sim
