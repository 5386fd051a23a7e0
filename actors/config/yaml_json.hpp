#pragma once

#include "actors/config/yaml_reader.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

namespace fd {

/// Returns JSON as a tree: numbers and truth values as they are written, texts in quotes.
/// All of it stands at `place`.
YamlNode node_of(const json::Value& value, const YamlPlace& place = {});

/// Returns a tree as JSON; what is not in quotes and looks like a number or a truth value is one.
/// Errors: invalid_input: text that is not UTF-8, a number that a double does not hold.
Result<json::Value> json_of(const YamlNode& node);

}  // namespace fd
