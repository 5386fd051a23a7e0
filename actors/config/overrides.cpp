#include "actors/config/overrides.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <utility>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::string_view kApiKey = "FASTDISTILL_API_KEY";
constexpr std::string_view kBlanks = " \t\r\n\"'";

YamlNode text_node(std::string text, const YamlPlace& place) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.quoted = true;
  node.text = std::move(text);
  node.place = place;
  return node;
}

YamlNode section_node(const YamlPlace& place) {
  YamlNode node;
  node.kind = YamlNode::Kind::section;
  node.place = place;
  return node;
}

/// Sets the member `key`, whatever was there. Requires: `section` is a section.
YamlNode& set_member(YamlNode& section, std::string_view key, YamlNode value) {
  if (YamlNode* old = section.find(key)) {
    *old = std::move(value);
    return *old;
  }
  const YamlPlace place = value.place;
  section.members.push_back({std::string(key), place, std::move(value)});
  return section.members.back().value;
}

/// Returns the member section `key`, made when it is absent; null when it is no section.
YamlNode* member_section(YamlNode& parent, std::string_view key, const YamlPlace& place) {
  YamlNode* member = parent.find(key);
  if (member == nullptr || member->kind == YamlNode::Kind::nothing) {
    return &set_member(parent, key, section_node(place));
  }
  return member->kind == YamlNode::Kind::section ? member : nullptr;
}

void set_model(YamlNode& root, const std::string& model, const YamlPlace& place) {
  if (YamlNode* teacher = member_section(root, "teacher", place)) {
    set_member(*teacher, "model", text_node(model, place));
  }
}

/// What the environment says about the endpoint.
struct Endpoint {
  std::string base_url;
  YamlPlace url_place;
  bool has_key = false;
  YamlPlace key_place;
};

/// Replaces the providers by the one of `endpoint`. Pace, prices and the proxy of the first
/// provider stay; nothing else goes to an address that it was not given for.
void set_provider(YamlNode& root, const Endpoint& endpoint) {
  const YamlPlace& place = endpoint.url_place;
  YamlNode* gateway = member_section(root, "gateway", place);
  if (gateway == nullptr) {
    return;
  }
  YamlNode provider = section_node(place);
  const YamlNode* old = gateway->find("providers");
  if (old != nullptr && old->kind == YamlNode::Kind::list && !old->items.empty() &&
      old->items.front().kind == YamlNode::Kind::section) {
    provider = old->items.front();
  }
  std::erase_if(provider.members, [](const YamlMember& member) {
    static constexpr auto kKept = std::to_array<std::string_view>(
        {"max_concurrency", "price_per_mtok", "proxy", "rpm", "tpm", "weight"});
    return std::ranges::find(kKept, member.key) == kKept.end();
  });
  set_member(provider, "name", text_node("environment", place));
  set_member(provider, "base_url", text_node(endpoint.base_url, place));
  if (endpoint.has_key) {
    set_member(provider, "api_key_env", text_node(std::string(kApiKey), endpoint.key_place));
  }
  YamlNode list;
  list.kind = YamlNode::Kind::list;
  list.place = place;
  list.items.push_back(std::move(provider));
  set_member(*gateway, "providers", std::move(list));
}

YamlPlace environment_place(const std::string& name, ConfigProblems& problems) {
  return {problems.add_source("environment variable " + name), 0, 0};
}

std::optional<std::size_t> list_index(std::string_view text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return index;
}

/// Returns how many items a list has, and under which paths.
std::string items_of(const std::string& list, std::size_t count) {
  const std::string path = printable_line(list) + ".";
  return count == 0   ? "no items"
         : count == 1 ? "1 item, " + path + "0"
                      : std::to_string(count) + " items, " + path + "0 to " + path +
                            std::to_string(count - 1);
}

/// Returns the member or item `part` of `node`, a member made when it is absent; null when `node`
/// has no such thing.
YamlNode* child(YamlNode& node, std::string_view part, const YamlPlace& place) {
  if (node.kind == YamlNode::Kind::nothing) {
    node = section_node(place);
  }
  if (node.kind == YamlNode::Kind::section) {
    YamlNode absent;
    absent.place = place;
    YamlNode* member = node.find(part);
    return member != nullptr ? member : &set_member(node, part, std::move(absent));
  }
  const auto index = list_index(part);
  return index && *index < node.items.size() ? &node.items[*index] : nullptr;
}

/// Returns the node at a dotted path, making sections on the way; null after reporting.
YamlNode* walk(YamlNode& root, const std::string& path, const YamlPlace& place,
               ConfigProblems& problems) {
  YamlNode* node = &root;
  std::istringstream parts(path);
  std::string above;
  for (std::string part; std::getline(parts, part, '.');) {
    YamlNode* next = child(*node, part, place);
    if (next == nullptr && node->kind == YamlNode::Kind::list) {
      problems.add(place, path,
                   "'" + printable_line(part) + "' is no index of " + printable_line(above) +
                       ", which has " + items_of(above, node->items.size()));
      return nullptr;
    }
    if (next == nullptr) {
      problems.add(place, path, printable_line(above) + " is neither a section nor a list");
      return nullptr;
    }
    above += (above.empty() ? "" : ".") + part;
    node = next;
  }
  return node;
}

}  // namespace

std::string ollama_base_url(std::string_view host) {
  host = trimmed(host, kBlanks);
  std::string scheme = "http://";
  const std::size_t mark = host.find("://");
  const bool has_scheme = mark != std::string_view::npos;
  if (has_scheme) {
    scheme = host.substr(0, mark + 3);
    host.remove_prefix(mark + 3);
  }
  while (host.ends_with('/')) {
    host.remove_suffix(1);
  }
  const std::size_t end = std::min(host.find('/'), host.size());
  std::string rest(host.substr(end));
  rest += rest.ends_with("/v1") ? "" : "/v1";  // people give the address of its API as well
  host = host.substr(0, end);
  const std::size_t colon = host.starts_with('[')
                                ? host.find(':', std::min(host.find(']'), host.size()))
                                : host.rfind(':');
  std::string name(host.substr(0, colon));
  std::string port(colon == std::string_view::npos ? "" : host.substr(colon));
  if (name.empty() || name == "0.0.0.0") {
    name = "127.0.0.1";
  } else if (name == "[::]") {
    name = "[::1]";
  }
  if (port.empty() && !has_scheme) {
    port = ":11434";
  }
  return scheme + name + port + rest;
}

bool apply_environment(const EnvironmentLookup& environment, YamlNode& root,
                       ConfigProblems& problems, std::vector<std::string>& warnings) {
  const auto value = [&](const std::string& name) -> std::optional<std::string> {
    std::optional<std::string> found = environment(name);
    return found && !found->empty() ? found : std::nullopt;
  };
  const std::string key_name(kApiKey);
  const auto base_url = value("FASTDISTILL_BASE_URL");
  const auto model = value("FASTDISTILL_MODEL");
  const bool has_key = value(key_name).has_value();
  const auto ollama_model = value("OLLAMA_MODEL");
  if (base_url || model || has_key) {
    if (ollama_model) {
      warnings.emplace_back("OLLAMA_MODEL has no effect, because a FASTDISTILL_ variable is set");
    }
    if (model) {
      set_model(root, *model, environment_place("FASTDISTILL_MODEL", problems));
    }
    if (base_url) {
      Endpoint endpoint{*base_url, {}, has_key, {}};
      endpoint.url_place = environment_place("FASTDISTILL_BASE_URL", problems);
      endpoint.key_place = environment_place(key_name, problems);
      warnings.emplace_back(
          "FASTDISTILL_BASE_URL replaces the config's gateway.providers: all calls "
          "go to that address");
      set_provider(root, endpoint);
    } else if (has_key) {
      warnings.emplace_back(
          "FASTDISTILL_API_KEY replaces nothing without FASTDISTILL_BASE_URL: a "
          "provider of the config takes the key that its api_key_env names");
    }
    return true;
  }
  if (!ollama_model) {
    return false;
  }
  set_model(root, *ollama_model, environment_place("OLLAMA_MODEL", problems));
  Endpoint endpoint;
  endpoint.base_url = ollama_base_url(value("OLLAMA_HOST").value_or("http://localhost:11434"));
  endpoint.url_place = environment_place("OLLAMA_HOST", problems);
  set_provider(root, endpoint);
  return true;
}

void apply_sets(const std::vector<std::string>& sets, YamlNode& root, ConfigProblems& problems) {
  // One source each, named alike: they keep the order of the command line, and the value, which
  // may hold a secret by mistake, is not repeated.
  for (const std::string& set : sets) {
    const YamlPlace place{problems.add_source("--set"), 0, 0};
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      problems.add(place, "",
                   "'" + printable_line(set.substr(0, equals)) + "' is not key.path=value");
      continue;
    }
    const std::string path = set.substr(0, equals);
    if (("." + path + ".").find("..") != std::string::npos) {
      problems.add(place, path, "a part of the path is empty");
      continue;
    }
    YamlDocument value = read_yaml(std::string_view(set).substr(equals + 1), place.source);
    for (const YamlProblem& problem : value.problems) {
      problems.add(place, path, problem.what);
    }
    if (!value.problems.empty()) {
      continue;
    }
    if (YamlNode* target = walk(root, path, place, problems)) {
      *target = std::move(value.root);
    }
  }
}

}  // namespace fd
