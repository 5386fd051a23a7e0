#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/messages.hpp"

namespace fd {

/// Returns what would mend an error of a provider, with the config key or the address; empty when
/// the words tell nothing. `status`: of HTTP, 0 without a reply.
std::string_view error_hint(std::uint32_t status, std::string_view words);

/// Returns the error as a line that is safe for a terminal: "stub: HTTP 404: no such model", where
/// the words name the status.
std::string error_line(const EndpointError& error);
/// Returns error_line(), and the hint on a line of its own when there is one.
std::string error_with_hint(const EndpointError& error);

}  // namespace fd
