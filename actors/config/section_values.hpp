#pragma once

#include <optional>
#include <string>

#include "actors/config/schema.hpp"
#include "actors/config/yaml_reader.hpp"
#include "protocol/run_config.hpp"

namespace fd {

// Values of keys that are sections of names that nobody declared: headers, model names, parameters.

/// What is wrong with such a value.
struct ValueProblem {
  YamlPlace place;
  std::string below;  ///< path below the key; empty: the value as a whole
  std::string what;
  bool secret = false;  ///< its line may hold a secret
};

/// Reads text (the name for every role), or a section of names by role. Units of `limits`: bytes.
std::optional<ValueProblem> read_models(const YamlNode& node, const KeyLimits& limits,
                                        ModelNames& out);

/// Reads a section of texts, `{env: NAME}` and `{file: PATH}`, each of `value_limits` bytes.
std::optional<ValueProblem> read_settings(const YamlNode& node, const KeyLimits& count_limits,
                                          const KeyLimits& value_limits, Settings& out);

/// Reads any section. Units of `limits`: bytes of its RFC 8785 text.
std::optional<ValueProblem> read_parameters(const YamlNode& node, const KeyLimits& limits,
                                            json::Object& out);

/// Return what the functions above read back.
json::Value models_value(const ModelNames& models);
json::Value settings_value(const Settings& settings);

}  // namespace fd
