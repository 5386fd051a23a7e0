#include "actors/system/command_line.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/base/edit_distance.hpp"

namespace fd {
namespace {

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
  return usage_error(spec, "unknown option " + name + did_you_mean(name, names));
}

}  // namespace

std::string did_you_mean(std::string_view name, const std::vector<std::string>& names) {
  const std::size_t distance_max =
      name.empty() ? 0 : std::min<std::size_t>(3, (name.size() - 1) / 2);
  const std::string_view nearest = nearest_name(name, names, distance_max);
  return nearest.empty() ? "" : ", did you mean " + std::string(nearest) + "?";
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

Result<LogLevel> ParsedCommand::log_level(LogLevel fallback) const {
  const auto name = value("--log-level");
  const auto level = name ? log_level_from_name(*name) : fallback;
  if (!level) {
    return Error{Errc::invalid_input,
                 "--log-level: '" + *name + "' is none of error, warn, info, debug, trace"};
  }
  return *level;
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

}  // namespace fd
