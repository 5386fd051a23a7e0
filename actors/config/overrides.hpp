#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/config/problems.hpp"
#include "actors/config/yaml_reader.hpp"

namespace fd {

/// Looks up an environment variable.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;

/// Writes what FASTDISTILL_BASE_URL, _MODEL and _API_KEY, or else OLLAMA_MODEL and OLLAMA_HOST, say
/// about the teacher into the tree. Empty variables count as absent. Of the key only the variable's
/// name is written. Returns whether the tree changed.
bool apply_environment(const EnvironmentLookup& environment, YamlNode& root,
                       ConfigProblems& problems, std::vector<std::string>& warnings);

/// Writes each "key.path=value" (the value as YAML; a number in the path is an index of a list)
/// into the tree, in order.
void apply_sets(const std::vector<std::string>& sets, YamlNode& root, ConfigProblems& problems);

/// Returns the base URL of the Ollama server that OLLAMA_HOST names, with "/v1". As ollama reads
/// it: no scheme is http, then no port is 11434, no host is loopback; 0.0.0.0 and [::] become
/// loopback.
std::string ollama_base_url(std::string_view host);

}  // namespace fd
