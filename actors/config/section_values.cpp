#include "actors/config/section_values.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "actors/config/problems.hpp"
#include "actors/config/text.hpp"
#include "actors/config/yaml_json.hpp"
#include "protocol/records.hpp"

namespace fd {
namespace {

using Kind = YamlNode::Kind;

/// Returns the text of a node that is text of a length within `limits`, or null.
const std::string* text_in(const YamlNode& node, const KeyLimits& limits) {
  const bool other = !node.quoted && (is_number(node.text) || is_bool(node.text));
  const auto size = static_cast<double>(node.text.size());
  const bool good = node.kind == Kind::scalar && !other && size >= limits.min &&
                    size <= limits.max && json::valid_utf8(node.text);
  return good ? &node.text : nullptr;
}

/// Returns the source that a header or query value names, or nothing.
std::optional<SettingSource> source_of(const YamlNode& node, const KeyLimits& limits) {
  if (const std::string* text = text_in(node, limits)) {
    return SettingSource{SettingSource::From::text, *text};
  }
  if (node.kind != Kind::section || node.members.size() != 1) {
    return std::nullopt;
  }
  const YamlMember& member = node.members.front();
  const std::string* text = text_in(member.value, limits);
  if (text == nullptr || (member.key != "env" && member.key != "file")) {
    return std::nullopt;
  }
  const bool env = member.key == "env";
  return SettingSource{env ? SettingSource::From::environment : SettingSource::From::file, *text};
}

}  // namespace

std::optional<ValueProblem> read_models(const YamlNode& node, const KeyLimits& limits,
                                        ModelNames& out) {
  out.clear();
  if (const std::string* text = text_in(node, limits)) {
    if (!text->empty()) {
      out.emplace("", *text);
    }
    return std::nullopt;
  }
  if (node.kind != Kind::section) {
    return ValueProblem{
        node.place, "",
        "got " + describe(node) + ", want text or a section of names by role" + text_hint(node)};
  }
  for (const YamlMember& member : node.members) {
    if (!from_name<Role>(member.key)) {
      return ValueProblem{member.place, printable_line(member.key),
                          "is no role; known: teacher, judge, student"};
    }
    const std::string* text = text_in(member.value, {1, limits.max});
    if (text == nullptr) {
      return ValueProblem{
          member.value.place, member.key,
          "got " + describe(member.value) + ", want text" + text_hint(member.value)};
    }
    out.emplace(member.key, *text);
  }
  return std::nullopt;
}

std::optional<ValueProblem> read_settings(const YamlNode& node, const KeyLimits& count_limits,
                                          const KeyLimits& value_limits, Settings& out) {
  out.clear();
  if (node.kind != Kind::section && node.kind != Kind::nothing) {
    return ValueProblem{node.place, "", "got no section, want a section of names and values", true};
  }
  if (static_cast<double>(node.members.size()) > count_limits.max) {
    return ValueProblem{node.place, "",
                        std::to_string(node.members.size()) + " are too many, must be in " +
                            limits_text(count_limits)};
  }
  for (const YamlMember& member : node.members) {
    std::optional<SettingSource> source = source_of(member.value, value_limits);
    if (!source) {
      return ValueProblem{member.value.place, printable_line(member.key),
                          "want text of " + limits_text(value_limits) +
                              " bytes (a number in quotes), {env: NAME} or {file: PATH}",
                          true};
    }
    out.emplace(member.key, *std::move(source));
  }
  return std::nullopt;
}

std::optional<ValueProblem> read_parameters(const YamlNode& node, const KeyLimits& limits,
                                            json::Object& out) {
  out.clear();
  if (node.kind == Kind::nothing) {
    return std::nullopt;
  }
  if (node.kind != Kind::section) {
    return ValueProblem{node.place, "", "got " + describe(node) + ", want a section of keys"};
  }
  Result<json::Value> value = json_of(node);
  if (!value.ok()) {
    return ValueProblem{node.place, "", value.error().message};
  }
  const std::size_t bytes = json::canonical(*value).size();
  if (static_cast<double>(bytes) > limits.max) {
    return ValueProblem{
        node.place, "",
        std::to_string(bytes) + " bytes are too many, must be in " + limits_text(limits)};
  }
  out = std::move(*value->as_object());
  return std::nullopt;
}

json::Value models_value(const ModelNames& models) {
  if (models.empty()) {
    return "";
  }
  if (const auto all = models.find(""); all != models.end()) {
    return all->second;
  }
  json::Object object;
  for (const auto& [role, name] : models) {
    object.emplace(role, name);
  }
  return object;
}

json::Value settings_value(const Settings& settings) {
  json::Object object;
  for (const auto& [name, source] : settings) {
    switch (source.from) {
      case SettingSource::From::text:
        object.emplace(name, source.value);
        break;
      case SettingSource::From::environment:
        object.emplace(name, json::Object{{"env", source.value}});
        break;
      case SettingSource::From::file:
        object.emplace(name, json::Object{{"file", source.value}});
        break;
    }
  }
  return object;
}

}  // namespace fd
