#pragma once

#include <string_view>

#include "protocol/base/result.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// Reads a frame of a coordinator. Errors: unsupported (another version of the protocol),
/// invalid_input (no frame, or a message for somebody else), corrupt.
Result<WorkerEvent> message_event(std::string_view bytes);

}  // namespace fd
