#include "actors/config/bind.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "actors/config/schema.hpp"
#include "actors/config/section_values.hpp"
#include "actors/config/text.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

std::string join(std::string_view prefix, std::string_view key) {
  std::string path(prefix);
  path += prefix.empty() ? "" : ".";
  path += key;
  return path;
}

std::string name_list(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) {
    out += out.empty() ? "" : ", ";
    out += name;
  }
  return out;
}

/// Walks tree and table together.
class Binder {
 public:
  Binder(BoundConfig& bound, Completeness completeness, ConfigProblems& problems)
      : bound_(bound), completeness_(completeness), problems_(problems) {}

  /// Binds `node`, found at the full path `path`, to `keys`, whose paths begin below `base`.
  void section(const YamlNode& node, const std::string& base, const std::string& below,
               const std::vector<Key>& keys) {
    const std::string path = below.empty() ? base : join(base, below);
    bound_.places.try_emplace(path, node.place);
    if (node.kind == YamlNode::Kind::nothing) {
      return;  // a section whose keys are all left out or commented out
    }
    if (node.kind != YamlNode::Kind::section) {
      refuse(node, path, "got " + describe(node) + ", want a section of keys");
      return;
    }
    for (const YamlMember& member : node.members) {
      const std::string relative = join(below, member.key);
      const std::string full = join(base, relative);
      const bool plain = member.key.find('.') == std::string::npos && !member.key.empty();
      const auto key =
          std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.path == relative; });
      if (plain && key != keys.end()) {
        bind(member.value, full, *key);
      } else if (plain && is_section(relative, keys)) {
        bound_.places.try_emplace(full, member.place);
        section(member.value, base, relative, keys);
      } else {
        unknown(member, full, below, keys);
      }
    }
  }

  /// Reports the keys that must be given and are not.
  void require(const std::string& base, const std::vector<std::string>& required) {
    if (completeness_ == Completeness::partial) {
      return;
    }
    for (const std::string& relative : required) {
      const std::string path = join(base, relative);
      if (!bound_.places.contains(path) && !bound_.is_refused(path)) {
        bound_.refused.insert(path);
        problems_.add(bound_.place(path), path, "is missing");
      }
    }
  }

  static std::vector<std::string> required_of(const std::vector<Key>& keys) {
    std::vector<std::string> out;
    for (const Key& key : keys) {
      if (key.required()) {
        out.push_back(key.path);
      }
    }
    return out;
  }

 private:
  static bool is_section(const std::string& path, const std::vector<Key>& keys) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const Key& key) { return key.path.starts_with(path + "."); });
  }

  void refuse(const YamlNode& node, const std::string& path, const std::string& what,
              Errc code = Errc::invalid_input) {
    bound_.refused.insert(path);
    problems_.add(node.place, path, what, code);
  }

  /// Reports what is wrong with a value, if anything is.
  void refuse(const std::string& path, const std::optional<ValueProblem>& problem) {
    if (!problem) {
      return;
    }
    const std::string full = problem->below.empty() ? path : join(path, problem->below);
    bound_.refused.insert(path);
    if (problem->secret) {
      problems_.add_secret(problem->place, full, problem->what);
    } else {
      problems_.add(problem->place, full, problem->what);
    }
  }

  void unknown(const YamlMember& member, const std::string& full, const std::string& below,
               const std::vector<Key>& keys) {
    bound_.unknown_keys = true;
    std::string what = "unknown key";
    if (!problems_.full()) {
      what += suggestion(member.key, below, keys);
    }
    if (may_be_secret(member.key)) {
      problems_.add_secret(member.place, full, what);
    } else {
      problems_.add(member.place, full, what);
    }
  }

  void bind(const YamlNode& node, const std::string& path, const Key& key) {
    bound_.places.try_emplace(path, node.place);
    if (key.null_is_default && node.kind == YamlNode::Kind::nothing) {
      return;
    }
    const json::Value standard = key_value(key);
    std::visit([&](auto slot) { read(node, path, key, slot); }, key.slot);
    if (key.only_default && !bound_.is_refused(path) && key_value(key) != standard) {
      refuse(node, path,
             printable_line(json::canonical(key_value(key))) +
                 " is not available in this version, must be " + json::canonical(standard),
             Errc::unsupported);
    }
  }

  /// Returns the scalar's text when the node is a scalar without quotes; else reports.
  const std::string* plain(const YamlNode& node, const std::string& path, std::string_view want) {
    if (node.kind == YamlNode::Kind::scalar && !node.quoted) {
      return &node.text;
    }
    refuse(node, path, "got " + describe(node) + ", want " + std::string(want));
    return nullptr;
  }

  /// Returns which of the key's names a text is.
  std::optional<std::size_t> one_of(const YamlNode& node, const std::string& path, const Key& key) {
    const auto found = std::find(key.names.begin(), key.names.end(), node.text);
    if (found != key.names.end()) {
      return static_cast<std::size_t>(found - key.names.begin());
    }
    const bool later =
        std::find(key.future.begin(), key.future.end(), node.text) != key.future.end();
    refuse(node, path,
           "'" + printable_line(node.text) + "' is not " +
               (later ? "available in this version" : "known") +
               ", must be one of: " + name_list(key.names),
           later ? Errc::unsupported : Errc::invalid_input);
    return std::nullopt;
  }

  /// Reads a number within the key's limits; `whole` allows digits only.
  std::optional<double> number(const YamlNode& node, const std::string& path, const Key& key,
                               bool whole) {
    const std::string_view want = whole ? "a whole number" : "a number";
    const std::string* text = plain(node, path, want);
    if (text == nullptr) {
      return std::nullopt;
    }
    if (whole ? !is_whole_number(*text) : !is_number(*text)) {
      const std::string_view hint = whole && is_number(*text) ? " written with digits only" : "";
      refuse(node, path,
             "got " + describe(node) + ", want " + std::string(want) + std::string(hint));
      return std::nullopt;
    }
    const double value = number_value(*text);
    if (value < key.limits.min || value > key.limits.max) {
      const std::string_view which = value < key.limits.min ? "small" : "large";
      refuse(node, path,
             printable_line(*text) + " is too " + std::string(which) + ", must be in " +
                 limits_text(key.limits));
      return std::nullopt;
    }
    return value;
  }

  /// Reads text of a length within `limits`.
  const std::string* text(const YamlNode& node, const std::string& path, const KeyLimits& limits) {
    const bool other_type = !node.quoted && (is_number(node.text) || is_bool(node.text));
    if (node.kind != YamlNode::Kind::scalar || other_type) {
      refuse(node, path, "got " + describe(node) + ", want text" + text_hint(node));
      return nullptr;
    }
    if (node.text.empty() && limits.min > 0) {
      refuse(node, path, "is empty");
      return nullptr;
    }
    const auto size = static_cast<double>(node.text.size());
    if (size > limits.max) {
      refuse(node, path,
             std::to_string(node.text.size()) + " bytes are too many, must be in " +
                 limits_text(limits));
      return nullptr;
    }
    if (!json::valid_utf8(node.text)) {
      refuse(node, path, "is not valid UTF-8");
      return nullptr;
    }
    return &node.text;
  }

  /// Returns whether the node is a list of a length within the key's limits.
  bool list(const YamlNode& node, const std::string& path, const Key& key, std::string_view want) {
    if (node.kind != YamlNode::Kind::list) {
      refuse(node, path, "got " + describe(node) + ", want " + std::string(want));
      return false;
    }
    const auto size = static_cast<double>(node.items.size());
    if (size < key.limits.min || size > key.limits.max) {
      refuse(node, path,
             node.items.empty() ? "is empty"
                                : std::to_string(node.items.size()) +
                                      " items are too many, must be in " + limits_text(key.limits));
      return false;
    }
    return true;
  }

  void read(const YamlNode& node, const std::string& path, const Key& key, std::monostate) {
    if (list(node, path, key, "a list") && !node.items.empty()) {
      refuse(node, path, "is not available in this version, must be []", Errc::unsupported);
    }
  }
  void read(const YamlNode& node, const std::string& path, const Key&, bool* slot) {
    const std::string* text = plain(node, path, "true or false");
    if (text != nullptr && !is_bool(*text)) {
      refuse(node, path, "got " + describe(node) + ", want true or false");
    } else if (text != nullptr) {
      *slot = *text == "true";
    }
  }
  template <class T>
  requires std::is_integral_v<T>
  void read(const YamlNode& node, const std::string& path, const Key& key, T* slot) {
    if (const auto value = number(node, path, key, true)) {
      *slot = static_cast<T>(*value);
    }
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void read(const YamlNode& node, const std::string& path, const Key& key, std::optional<T>* slot) {
    if (node.kind == YamlNode::Kind::nothing) {
      slot->reset();
    } else if (const auto value = number(node, path, key, std::is_integral_v<T>)) {
      *slot = static_cast<T>(*value + 0.0);
    }
  }
  void read(const YamlNode& node, const std::string& path, const Key& key, double* slot) {
    if (const auto value = number(node, path, key, false)) {
      *slot = *value + 0.0;  // -0 becomes 0, which has one text only
    }
  }
  void read(const YamlNode& node, const std::string& path, const Key& key, std::string* slot) {
    const std::string* value = text(node, path, key.limits);
    if (value != nullptr && (key.names.empty() || value->empty() || one_of(node, path, key))) {
      *slot = *value;
    }
  }
  template <class T>
  requires std::is_enum_v<T>
  void read(const YamlNode& node, const std::string& path, const Key& key, T* slot) {
    if (const auto place = text(node, path, {1, 256}) ? one_of(node, path, key) : std::nullopt) {
      *slot = static_cast<T>(*place);
    }
  }
  void read(const YamlNode& node, const std::string& path, const Key& key, ModelNames* slot) {
    refuse(path, read_models(node, key.limits, *slot));
  }
  void read(const YamlNode& node, const std::string& path, const Key& key, Settings* slot) {
    refuse(path, read_settings(node, key.limits, key.item_limits, *slot));
  }
  void read(const YamlNode& node, const std::string& path, const Key& key, json::Object* slot) {
    refuse(path, read_parameters(node, key.limits, *slot));
  }
  void read(const YamlNode& node, const std::string& path, const Key& key,
            std::vector<std::string>* slot) {
    if (!list(node, path, key, "a list of text")) {
      return;
    }
    slot->clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string item_path = join(path, std::to_string(i));
      bound_.places.try_emplace(item_path, node.items[i].place);
      const std::string* value = text(node.items[i], item_path, key.item_limits);
      slot->push_back(value == nullptr ? "" : *value);  // refused items keep their index
    }
  }
  void read(const YamlNode& node, const std::string& path, const Key& key,
            std::optional<std::vector<std::string>>* slot) {
    if (node.kind == YamlNode::Kind::scalar && node.text == kAutomatic) {
      slot->reset();
    } else if (list(node, path, key, "auto or a list of text")) {
      read(node, path, key, &slot->emplace());
    }
  }
  static std::vector<Key> keys_of(ProviderConfig& item) { return provider_keys(item); }
  static std::vector<Key> keys_of(ChatMessage& item) { return message_keys(item); }
  template <class T>
  void read(const YamlNode& node, const std::string& path, const Key& key, std::vector<T>* slot) {
    if (!list(node, path, key, "a list of sections")) {
      return;
    }
    slot->assign(node.items.size(), {});
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string item_path = join(path, std::to_string(i));
      const std::vector<Key> keys = keys_of((*slot)[i]);
      const std::vector<std::string> required = required_of(keys);
      if (node.items[i].kind == YamlNode::Kind::nothing) {
        refuse(node.items[i], item_path, "got nothing, want a section of keys");
      }
      section(node.items[i], item_path, "", keys);
      require(item_path, required);
    }
  }

  BoundConfig& bound_;
  Completeness completeness_;
  ConfigProblems& problems_;
};

}  // namespace

YamlPlace BoundConfig::place(std::string_view path) const {
  while (true) {
    if (const auto found = places.find(path); found != places.end()) {
      return found->second;
    }
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) {
      const auto root = places.find("");
      return root == places.end() ? YamlPlace{} : root->second;
    }
    path = path.substr(0, dot);
  }
}

bool BoundConfig::is_refused(std::string_view path) const {
  return std::any_of(refused.begin(), refused.end(), [&](const std::string& bad) {
    const std::string_view shorter = bad.size() < path.size() ? std::string_view(bad) : path;
    const std::string_view longer = bad.size() < path.size() ? path : std::string_view(bad);
    return longer.starts_with(shorter) &&
           (longer.size() == shorter.size() || shorter.empty() || longer[shorter.size()] == '.');
  });
}

BoundConfig bind_config(const YamlNode& root, Completeness completeness, ConfigProblems& problems) {
  BoundConfig bound;
  const std::vector<Key> keys = config_keys(bound.config);
  const std::vector<std::string> required = Binder::required_of(keys);
  Binder binder(bound, completeness, problems);
  binder.section(root, "", "", keys);
  binder.require("", required);
  return bound;
}

}  // namespace fd
