#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/config/schema.hpp"
#include "actors/config/yaml_reader.hpp"

namespace fd {

/// Returns whether `text` is a decimal whole number: "-12", not "012", "+1", "1e3" or "0x10".
bool is_whole_number(std::string_view text);
/// Returns whether `text` is a number as JSON writes it.
bool is_number(std::string_view text);
/// Returns the value of `text`; beyond double's range an infinity, too near to zero 0.
/// Requires: is_number(text).
double number_value(std::string_view text);
/// Returns whether `text` is "true" or "false". YAML 1.1's yes, no, on and off are text.
bool is_bool(std::string_view text);

/// Returns what was written, for "got ...": "text 'yes'", "number 3", "a list", "nothing".
std::string describe(const YamlNode& node);
/// Returns advice for a node where text is wanted: what needs quotes.
std::string text_hint(const YamlNode& node);

/// Returns ", did you mean 'temperature'?" for the key of section `below` (or anywhere) that is
/// nearest to `key`, or the list of what the section knows.
std::string suggestion(std::string_view key, std::string_view below, const std::vector<Key>& keys);
/// Returns whether the value of an unknown key with this name should not be shown.
bool may_be_secret(std::string_view key);

}  // namespace fd
