#include "actors/config/yaml_json.hpp"

#include <cmath>
#include <utility>

#include "actors/config/problems.hpp"
#include "actors/config/schema.hpp"
#include "actors/config/text.hpp"

namespace fd {
namespace {

Result<json::Value> json_of_scalar(const YamlNode& node) {
  if (!node.quoted && is_bool(node.text)) {
    return json::Value(node.text == "true");
  }
  if (!node.quoted && is_number(node.text)) {
    const double number = number_value(node.text);
    if (!std::isfinite(number) || (is_whole_number(node.text) && std::abs(number) > kMaxExact)) {
      return Error{Errc::invalid_input,
                   "number " + printable_line(node.text) + " is too large, put it in quotes"};
    }
    return json::Value(number + 0.0);  // -0 becomes 0, which has one text only
  }
  if (!json::valid_utf8(node.text)) {
    return Error{Errc::invalid_input, "is not valid UTF-8"};
  }
  return json::Value(node.text);
}

}  // namespace

YamlNode node_of(const json::Value& value, const YamlPlace& place) {
  YamlNode node;
  node.place = place;
  if (const json::Object* object = value.as_object()) {
    node.kind = YamlNode::Kind::section;
    for (const auto& [key, member] : *object) {
      node.members.push_back({key, place, node_of(member, place)});
    }
  } else if (const json::Array* array = value.as_array()) {
    node.kind = YamlNode::Kind::list;
    for (const json::Value& item : *array) {
      node.items.push_back(node_of(item, place));
    }
  } else if (!value.is_null()) {
    node.kind = YamlNode::Kind::scalar;
    node.quoted = value.as_string() != nullptr;
    node.text = node.quoted ? *value.as_string() : json::canonical(value);
  }
  return node;
}

Result<json::Value> json_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::scalar:
      return json_of_scalar(node);
    case YamlNode::Kind::list: {
      json::Array items;
      for (const YamlNode& item : node.items) {
        FD_TRY(json::Value value, json_of(item));
        items.push_back(std::move(value));
      }
      return json::Value(std::move(items));
    }
    case YamlNode::Kind::section: {
      json::Object members;
      for (const YamlMember& member : node.members) {
        FD_TRY(json::Value value, json_of(member.value));
        members.emplace(member.key, std::move(value));
      }
      return json::Value(std::move(members));
    }
    case YamlNode::Kind::nothing:
      break;
  }
  return json::Value(nullptr);
}

}  // namespace fd
