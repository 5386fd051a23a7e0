#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "actors/config/problems.hpp"
#include "actors/config/yaml_reader.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// A config as its tree gives it, and where each part of it was written.
struct BoundConfig {
  RunConfig config;
  std::map<std::string, YamlPlace, std::less<>> places;  ///< of sections, keys and list items
  std::set<std::string, std::less<>> refused;            ///< keys with a problem already reported
  bool unknown_keys = false;                             ///< some were reported

  /// Returns the place of `path`, or of the nearest section around it.
  [[nodiscard]] YamlPlace place(std::string_view path) const;
  /// Returns whether `path`, something in it or a section around it was refused.
  [[nodiscard]] bool is_refused(std::string_view path) const;
};

/// Whether keys that must be given are missed.
enum class Completeness { partial, whole };

/// Reads the tree into a config by the table of keys: types, bounds, unknown keys, values that this
/// version refuses. What is wrong goes to `problems`.
BoundConfig bind_config(const YamlNode& root, Completeness completeness, ConfigProblems& problems);

}  // namespace fd
