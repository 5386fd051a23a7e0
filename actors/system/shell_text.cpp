#include "actors/system/shell_text.hpp"

#include <cstdlib>

namespace fd {

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string shell_word(std::string_view word) {
  if (!word.empty() &&
      word.find_first_of(" \t\n'\"\\$`*?[](){}<>|&;#~!") == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

}  // namespace fd
