#pragma once

#include <cstddef>
#include <vector>

#include "coordinator/control/coordinator_events.hpp"
#include "protocol/messages.hpp"

namespace fd {

inline constexpr std::size_t kSamplesBytes = 256u << 10;  ///< of one Samples message, about

/// Returns what `send` names of its shard's `samples`, with their recorded answers: as many as fit
/// into `max_bytes`, and at least the first, with one of its answers. What does not fit is asked
/// for again: `next` is before it.
Samples samples_reply(const SendSamples& send, const std::vector<Sample>& samples,
                      std::size_t max_bytes);

}  // namespace fd
