#include "actors/config/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>

#include "actors/config/problems.hpp"
#include "protocol/base/edit_distance.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::size_t kMaxNamesListed = 12;

std::size_t digits(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && is_ascii_digit(text[end])) {
    ++end;
  }
  return end - from;
}

/// Returns the length of the JSON integer that `text` begins with, or 0.
std::size_t integer_prefix(std::string_view text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const std::size_t count = digits(text, sign);
  if (count == 0 || (count > 1 && text[sign] == '0')) {
    return 0;
  }
  return sign + count;
}

/// Returns the names that may stand in section `below`.
std::set<std::string> names_in(std::string_view below, const std::vector<Key>& keys) {
  std::set<std::string> names;
  const std::string prefix = below.empty() ? "" : std::string(below) + ".";
  for (const Key& key : keys) {
    if (key.path.starts_with(prefix)) {
      const std::string_view rest = std::string_view(key.path).substr(prefix.size());
      names.emplace(rest.substr(0, rest.find('.')));
    }
  }
  return names;
}

/// Returns the path of a key that is spelt like this and stands in another section, or "".
std::string elsewhere(std::string_view key, const std::vector<Key>& keys) {
  const std::string ending = "." + std::string(key);
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& other) {
    return !key.empty() && other.path.ends_with(ending);
  });
  return found == keys.end() ? "" : found->path;
}

std::string name_list(const std::set<std::string>& names) {
  std::string list;
  std::size_t count = 0;
  for (const std::string& name : names) {
    list += count == 0 ? "" : ", ";
    if (++count > kMaxNamesListed) {
      return list + "...";
    }
    list += name;
  }
  return list;
}

}  // namespace

bool is_whole_number(std::string_view text) {
  const std::size_t length = integer_prefix(text);
  return length > 0 && length == text.size();
}

bool is_number(std::string_view text) {
  std::size_t at = integer_prefix(text);
  if (at == 0) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    const std::size_t count = digits(text, at + 1);
    if (count == 0) {
      return false;
    }
    at += 1 + count;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    at += at < text.size() && (text[at] == '+' || text[at] == '-') ? 1 : 0;
    const std::size_t count = digits(text, at);
    if (count == 0) {
      return false;
    }
    at += count;
  }
  return at == text.size();
}

double number_value(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    // from_chars does not say at which end; only a negative exponent gets near zero.
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && exponent + 1 < text.size() &&
                      text[exponent + 1] == '-';
    const double limit = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    return text.starts_with('-') ? -limit : limit;
  }
  return value;
}

bool is_bool(std::string_view text) {
  return text == "true" || text == "false";
}

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::nothing:
      return "nothing";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::section:
      return "a section";
    case YamlNode::Kind::scalar:
      break;
  }
  std::string shown = printable_line(node.text);
  if (node.quoted) {
    return "text \"" + shown + "\"";
  }
  if (is_bool(node.text)) {
    return shown;
  }
  if (is_number(node.text)) {
    return "number " + shown;
  }
  return "text '" + shown + "'";
}

std::string text_hint(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::scalar:
      return "; put it in quotes";
    case YamlNode::Kind::section:
      return "; text that begins with { or holds ': ' needs quotes";
    case YamlNode::Kind::nothing:
      return "; empty text is \"\"";
    case YamlNode::Kind::list:
      break;
  }
  return "";
}

std::string suggestion(std::string_view key, std::string_view below, const std::vector<Key>& keys) {
  const std::set<std::string> names = names_in(below, keys);
  std::string best(nearest_name(lowered(key), names, key.size() / 3));
  if (best.empty()) {
    best = elsewhere(key, keys);
  }
  if (best.empty() && may_be_secret(key) && names.contains("api_key_env")) {
    best = "api_key_env";
  }
  return best.empty() ? "; known here: " + name_list(names) : ", did you mean '" + best + "'?";
}

bool may_be_secret(std::string_view key) {
  static constexpr std::array<std::string_view, 6> kWords = {"key",    "secret",     "password",
                                                             "bearer", "credential", "auth"};
  const std::string name = lowered(key);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

}  // namespace fd
