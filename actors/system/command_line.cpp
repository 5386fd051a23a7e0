#include "actors/system/command_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <numeric>

namespace fd {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row.back();
}

Error usage_error(const CommandSpec& spec, const std::string& what) {
  return Error{Errc::invalid_input, what + "\nusage: " + spec.usage + "\n(--help tells more)"};
}

const CommandOption* find_option(const CommandSpec& spec, std::string_view name) {
  for (const CommandOption& option : spec.options) {
    if (option.name == name) {
      return &option;
    }
  }
  return nullptr;
}

Error unknown_option(const CommandSpec& spec, const std::string& name) {
  std::vector<std::string> names;
  for (const CommandOption& option : spec.options) {
    names.push_back(option.name);
  }
  const auto nearest = nearest_name(name, names);
  return usage_error(
      spec, "unknown option " + name + (nearest ? ", did you mean " + *nearest + "?" : ""));
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates) {
  constexpr std::size_t kNameMax = 128;
  if (name.size() > kNameMax) {
    return std::nullopt;
  }
  const std::size_t limit =
      std::min<std::size_t>(3, (name.size() - std::min<std::size_t>(name.size(), 1)) / 2);
  std::optional<std::string> best;
  std::size_t best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::optional<std::string> ParsedCommand::value(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second.back());
}

std::vector<std::string> ParsedCommand::all(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::vector<std::string>{} : found->second;
}

Result<std::uint64_t> ParsedCommand::number(const std::string& name, std::uint64_t fallback,
                                            std::uint64_t min, std::uint64_t max) const {
  const auto text = value(name);
  if (!text) {
    return fallback;
  }
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (code != std::errc() || end != text->data() + text->size() || number < min || number > max) {
    return Error{Errc::invalid_input, name + ": '" + *text + "' is no whole number in [" +
                                          std::to_string(min) + ", " + std::to_string(max) + "]"};
  }
  return number;
}

Result<ParsedCommand> parse_command(const CommandSpec& spec,
                                    const std::vector<std::string>& arguments) {
  ParsedCommand parsed;
  bool options_over = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (options_over || argument.size() < 2 || argument[0] != '-') {
      parsed.positionals.push_back(argument);
      continue;
    }
    if (argument == "--") {
      options_over = true;
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const CommandOption* option = find_option(spec, name);
    if (option == nullptr) {
      return unknown_option(spec, name);
    }
    std::string value;
    if (option->value_name.empty()) {
      if (equals != std::string::npos) {
        return usage_error(spec, name + " takes no value");
      }
    } else if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return usage_error(spec, name + " wants a value: " + name + " " + option->value_name);
    }
    std::vector<std::string>& values = parsed.values[name];
    if (!values.empty() && !option->repeatable) {
      return usage_error(spec, name + " was given twice");
    }
    values.push_back(std::move(value));
  }
  if (parsed.positionals.size() < spec.positionals_min) {
    return usage_error(spec, "an argument is missing");
  }
  if (parsed.positionals.size() > spec.positionals_max) {
    return usage_error(
        spec, "'" + parsed.positionals[spec.positionals_max] + "' is one argument too many");
  }
  return parsed;
}

std::string help_text(const CommandSpec& spec) {
  std::string text = "usage: " + spec.usage + "\n\n" + spec.about + "\n";
  if (!spec.options.empty()) {
    text += "\noptions:\n";
  }
  std::size_t width = 0;
  for (const CommandOption& option : spec.options) {
    width = std::max(width, option.name.size() + option.value_name.size() + 1);
  }
  for (const CommandOption& option : spec.options) {
    std::string left = option.name + (option.value_name.empty() ? "" : " " + option.value_name);
    left.resize(width + 2, ' ');
    text += "  " + left + option.help + "\n";
  }
  return text;
}

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
