// From the table of keys to JSON, digest and reference.
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/config/schema.hpp"
#include "actors/config/section_values.hpp"

namespace fd {
namespace {

constexpr std::string_view kProviderPrefix = "gateway.providers.*.";

/// Sets the member at a dotted path, making the objects on the way.
void put(json::Object& root, std::string_view path, json::Value value) {
  json::Object* object = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    json::Value& next = (*object)[std::string(path.substr(0, dot))];
    if (next.as_object() == nullptr) {
      next = json::Value(json::Object{});
    }
    object = next.as_object();
    path.remove_prefix(dot + 1);
  }
  (*object)[std::string(path)] = std::move(value);
}

json::Value item_value(const ProviderConfig& provider) {
  ProviderConfig copy = provider;
  json::Object object;
  for (const Key& key : provider_keys(copy)) {
    put(object, key.path, key_value(key));
  }
  return object;
}

json::Value item_value(const ChatMessage& message) {
  return json::Object{{"role", message.role}, {"content", message.content}};
}
json::Value item_value(const std::string& text) {
  return text;
}

template <class T>
json::Value list_value(const std::vector<T>& items) {
  json::Array out;
  for (const T& item : items) {
    out.push_back(item_value(item));
  }
  return out;
}

/// Turns what a slot points to into JSON.
struct ToJson {
  const Key& key;

  json::Value operator()(std::monostate) const { return json::Array{}; }
  json::Value operator()(const bool* slot) const { return *slot; }
  json::Value operator()(const std::uint32_t* slot) const { return std::uint64_t{*slot}; }
  json::Value operator()(const std::uint64_t* slot) const { return *slot; }
  json::Value operator()(const double* slot) const { return *slot; }
  json::Value operator()(const std::string* slot) const { return *slot; }
  json::Value operator()(const json::Object* slot) const { return *slot; }
  json::Value operator()(const ModelNames* slot) const { return models_value(*slot); }
  json::Value operator()(const Settings* slot) const { return settings_value(*slot); }
  template <class T>
  requires std::is_arithmetic_v<T> json::Value operator()(const std::optional<T>* slot) const {
    if (!slot->has_value()) {
      return nullptr;
    }
    if constexpr (std::is_unsigned_v<T>) {
      return std::uint64_t{**slot};
    } else {
      return **slot;
    }
  }
  json::Value operator()(const std::optional<std::vector<std::string>>* slot) const {
    return slot->has_value() ? list_value(**slot) : json::Value(kAutomatic);
  }
  template <class T>
  requires std::is_enum_v<T> json::Value operator()(const T* slot) const {
    return name(static_cast<std::size_t>(*slot));
  }
  template <class T>
  json::Value operator()(const std::vector<T>* slot) const {
    return list_value(*slot);
  }

 private:
  [[nodiscard]] json::Value name(std::size_t index) const {
    FD_CHECK(index < key.names.size());
    return key.names[index];
  }
};

json::Value config_value(const RunConfig& config, bool only_semantic) {
  RunConfig copy = config;
  RunConfig standard;
  const std::vector<Key> keys = config_keys(copy);
  const std::vector<Key> standards = config_keys(standard);
  json::Object root;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Key& key = keys[i];
    const bool decides =
        key.effect == Effect::semantic && !(key.added && key_value(key) == key_value(standards[i]));
    if (!only_semantic || decides) {
      put(root, key.path, key_value(key));
    }
  }
  return root;
}

/// Names the type of a slot in the reference.
struct TypeName {
  std::string operator()(std::monostate) const { return "list"; }
  std::string operator()(const bool*) const { return "true or false"; }
  std::string operator()(const std::uint32_t*) const { return "whole number"; }
  std::string operator()(const std::uint64_t*) const { return "whole number"; }
  template <class T>
  std::string operator()(const std::optional<T>*) const {
    return std::is_integral_v<T> ? "whole number" : "number";
  }
  std::string operator()(const double*) const { return "number"; }
  std::string operator()(const json::Object*) const { return "section"; }
  std::string operator()(const Settings*) const { return "section of text"; }
  std::string operator()(const ModelNames*) const { return "text or section"; }
  std::string operator()(const std::string*) const { return "text"; }
  std::string operator()(const std::vector<std::string>*) const { return "list of text"; }
  std::string operator()(const std::optional<std::vector<std::string>>*) const {
    return "list of text, or `auto`";
  }
  std::string operator()(const std::vector<ProviderConfig>*) const { return "list of sections"; }
  std::string operator()(const std::vector<ChatMessage>*) const { return "list of sections"; }
  template <class T>
  requires std::is_enum_v<T> std::string operator()(const T*) const { return "name"; }
};

std::string names_text(const Key& key) {
  std::string out;
  for (const std::string_view name : key.names) {
    out += out.empty() ? "`" : ", `";
    out += name;
    out += '`';
  }
  return out;
}

std::string range_text(const Key& key, const std::string& type) {
  if (key.only_default) {
    return "only the default in this version";
  }
  if (!key.names.empty()) {
    return names_text(key);
  }
  if (type == "true or false") {
    return "";
  }
  std::string limits = limits_text(key.limits);
  if (type == "text" || type == "text or section" || type == "section") {
    return limits + " bytes";
  }
  if (type.starts_with("list") || type == "section of text") {
    return limits + " items" +
           (type.starts_with("list of text") || type.ends_with("of text")
                ? " of " + limits_text(key.item_limits) + " bytes"
                : "");
  }
  return limits;
}

std::string reference_row(const Key& key, std::string_view prefix) {
  const std::string type = std::visit(TypeName{}, key.slot);
  const json::Value value = key_value(key);
  std::string standard = "`" + json::canonical(value) + "`";
  if (key.required()) {
    standard = "required";
  } else if (value.is_null()) {
    standard = "absent";
  }
  std::string row = "| `" + std::string(prefix) + key.path + "` | ";
  row += key.meaning;
  row += " | ";
  row += key.unit;
  row += " | " + type + " | " + standard + " | " + range_text(key, type);
  row += key.effect != Effect::semantic ? " | no |\n"
         : key.added                    ? " | when set |\n"
                                        : " | yes |\n";
  return row;
}

}  // namespace

json::Value key_value(const Key& key) {
  return std::visit(ToJson{key}, key.slot);
}

std::string limits_text(const KeyLimits& limits) {
  std::string out = "[";
  json::append_number(limits.min, out);
  out += ", ";
  json::append_number(limits.max, out);
  return out + "]";
}

json::Value effective_config(const RunConfig& config) {
  return config_value(config, false);
}

json::Value semantic_config(const RunConfig& config) {
  return config_value(config, true);
}

Digest config_digest(const RunConfig& config) {
  return sha256(json::canonical(semantic_config(config)));
}

std::string config_reference() {
  RunConfig config;
  ProviderConfig provider;
  ChatMessage message;
  std::string out =
      "| key | meaning | unit | type | default | range | semantic |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const Key& key : config_keys(config)) {
    out += reference_row(key, "");
    if (std::holds_alternative<std::vector<ProviderConfig>*>(key.slot)) {
      for (const Key& item : provider_keys(provider)) {
        out += reference_row(item, kProviderPrefix);
      }
    } else if (std::holds_alternative<std::vector<ChatMessage>*>(key.slot)) {
      for (const Key& item : message_keys(message)) {
        out += reference_row(item, key.path + ".*.");
      }
    }
  }
  return out;
}

}  // namespace fd
