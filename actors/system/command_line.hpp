#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/system/log.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// One option of a command.
struct CommandOption {
  std::string name;        ///< "--workers"
  std::string value_name;  ///< "N"; empty: a flag without value
  std::string help;        ///< one line
  bool repeatable = false;
};

/// One command, such as `fd-coordinator run`.
struct CommandSpec {
  std::string usage;  ///< "fd-coordinator run CONFIG [options]"
  std::string about;  ///< a few lines
  std::size_t positionals_min = 0;
  std::size_t positionals_max = 0;
  std::vector<CommandOption> options;
};

/// What stood on the command line.
class ParsedCommand {
 public:
  std::vector<std::string> positionals;
  std::map<std::string, std::vector<std::string>> values;  ///< by option name

  [[nodiscard]] bool has(const std::string& name) const { return values.contains(name); }
  /// Returns the last value given, or nothing.
  [[nodiscard]] std::optional<std::string> value(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> all(const std::string& name) const;
  /// Returns the option's value as a whole number in [min, max], or `fallback` when it was not
  /// given. Errors: invalid_input, naming option, value and range.
  [[nodiscard]] Result<std::uint64_t> number(const std::string& name, std::uint64_t fallback,
                                             std::uint64_t min, std::uint64_t max) const;
  /// Returns the value of --log-level, or `fallback` when it was not given. Errors: invalid_input.
  [[nodiscard]] Result<LogLevel> log_level(LogLevel fallback) const;
};

/// Parses the arguments behind the command's name. `--name value` and `--name=value` are the same;
/// `--` ends the options. Errors: invalid_input, naming the argument and the nearest known option.
Result<ParsedCommand> parse_command(const CommandSpec& spec,
                                    const std::vector<std::string>& arguments);

/// Returns the text of --help.
std::string help_text(const CommandSpec& spec);

/// Returns ", did you mean NAME?" for the nearest of `names`, if it is at most 3 edits away (and
/// less than half of the name); else "".
std::string did_you_mean(std::string_view name, const std::vector<std::string>& names);

}  // namespace fd
