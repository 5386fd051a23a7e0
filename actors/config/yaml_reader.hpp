#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fd {

/// The largest config file, its deepest nesting and its largest number of nodes.
inline constexpr std::size_t kMaxYamlBytes = 1u << 20;
inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 100000;

/// Where a piece of configuration was written.
struct YamlPlace {
  std::size_t source = 0;  ///< index of the text, as its reader numbers them
  std::size_t line = 0;    ///< 1-based; 0: the text as a whole
  std::size_t column = 0;  ///< 1-based, in bytes

  friend auto operator<=>(const YamlPlace&, const YamlPlace&) = default;
};

struct YamlMember;

/// One value as it was written, before anybody says what type it should have.
struct YamlNode {
  enum class Kind { nothing, scalar, list, section };

  Kind kind = Kind::nothing;
  bool quoted = false;              ///< a scalar in quotes or a block: always text
  std::string text;                 ///< of a scalar
  std::vector<YamlNode> items;      ///< of a list
  std::vector<YamlMember> members;  ///< of a section, in the order of the text
  YamlPlace place;

  /// Returns the member `key` of a section, or null.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  /// Returns the member `key` of a section, or null.
  [[nodiscard]] YamlNode* find(std::string_view key);
};

/// One `key: value` of a section.
struct YamlMember {
  std::string key;
  YamlPlace place;  ///< of the key
  YamlNode value;
};

/// Something in a text that is refused, and where.
struct YamlProblem {
  YamlPlace place;
  std::string what;
};

/// A text as a tree, and all that is wrong with it.
struct YamlDocument {
  YamlNode root;
  std::vector<YamlProblem> problems;  ///< empty: the tree is the whole text
};

/// Reads one YAML document. A subset without surprises: no anchors, aliases or tags, no second
/// document, no duplicate keys, keys are text, UTF-8 only. `source` goes into every place.
/// An empty text gives a root of kind nothing.
YamlDocument read_yaml(std::string_view text, std::size_t source);

}  // namespace fd
