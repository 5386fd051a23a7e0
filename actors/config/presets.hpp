#pragma once

#include <string_view>
#include <vector>

#include "actors/config/yaml_reader.hpp"

namespace fd {

/// Returns the names that `preset` of a provider may have, sorted.
std::vector<std::string_view> preset_names();

/// Adds to each item of gateway.providers that names a preset what the preset knows and the item
/// does not say. `root`: the whole config. An unknown preset adds nothing.
void expand_presets(YamlNode& root);

}  // namespace fd
