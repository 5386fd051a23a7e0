#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fd {

/// Returns the environment variable `name`, or nothing when it is not set. What needs the
/// environment gets this function from its program's command.
std::optional<std::string> environment_variable(const std::string& name);

/// Returns `word` as it can be typed in a shell: quoted when it must be.
std::string shell_word(std::string_view word);

}  // namespace fd
