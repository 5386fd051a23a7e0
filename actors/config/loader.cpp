#include "actors/config/loader.hpp"

#include <optional>
#include <utility>

#include "actors/config/bind.hpp"
#include "actors/config/examples_file.hpp"
#include "actors/config/overrides.hpp"
#include "actors/config/presets.hpp"
#include "actors/config/problems.hpp"
#include "actors/config/provider_files.hpp"
#include "actors/config/rules.hpp"
#include "actors/config/schema.hpp"
#include "actors/config/yaml_json.hpp"
#include "actors/config/yaml_reader.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/paths.hpp"
#include "protocol/base/utf16.hpp"
#include "protocol/limits.hpp"

namespace fd {
namespace {

std::string beside(const std::string& path, const std::string& name) {
  if (name.starts_with('/')) {
    return name;
  }
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? name : path.substr(0, slash + 1) + name;
}

/// Returns the text of a config file as UTF-8, also when it is UTF-16 that has its byte order mark.
/// Errors: those of read_file; invalid_input.
Result<std::string> read_config_text(const std::string& path) {
  FD_TRY(std::string bytes, read_file(path, kMaxYamlBytes));
  const std::optional<Utf16Order> order = utf16_order(bytes);
  if (!order) {
    return bytes;
  }
  std::string text;
  Utf16Reader reader(*order);
  reader.append(std::string_view(bytes).substr(2), text);
  if (!reader.finish(text)) {
    return Error{Errc::invalid_input, path + " is UTF-16 and ends in half a code unit"};
  }
  return text;
}

/// Reads a file into a tree of sections; what is wrong goes to `problems`.
YamlNode read_config_file(const std::string& path, const std::string& text,
                          ConfigProblems& problems) {
  const std::size_t source = problems.add_source(path, text);
  YamlDocument document = read_yaml(text, source);
  for (const YamlProblem& problem : document.problems) {
    problems.add(problem.place, "", problem.what);
  }
  if (document.problems.empty() && document.root.kind == YamlNode::Kind::nothing) {
    problems.add(document.root.place, "", "is empty");
  } else if (document.problems.empty() && document.root.kind != YamlNode::Kind::section) {
    problems.add(document.root.place, "", "is not a section of keys");
  }
  return std::move(document.root);
}

/// Puts the content of the file that `key` names, if it names one, in its place.
void include_file(const std::string& main_path, const std::string& key, YamlNode& root,
                  ConfigProblems& problems) {
  YamlNode* node = root.find(key);
  if (node == nullptr || node->kind != YamlNode::Kind::scalar) {
    return;
  }
  if (node->text.empty() || node->text.find('\0') != std::string::npos) {
    problems.add(node->place, key, "names no file");
    return;
  }
  const std::string path = beside(main_path, node->text);
  const Result<std::string> text = read_config_text(path);
  if (!text.ok()) {
    problems.add(node->place, key, "the file it names cannot be read: " + text.error().message);
    return;
  }
  YamlNode content = read_config_file(path, *text, problems);
  if (content.members.size() == 1 && content.members.front().key == key) {
    content = YamlNode(std::move(content.members.front().value));  // "gates:" once more, as heading
  }
  *node = std::move(content);
}

/// Puts the section `gateway` of a file in place of the tree's.
void read_gateway_file(const std::string& path, YamlNode& root, ConfigProblems& problems) {
  YamlNode* gateway = root.find("gateway");
  if (gateway == nullptr) {
    root.members.push_back({"gateway", {}, {}});
    gateway = &root.members.back().value;
  }
  *gateway = {};
  gateway->kind = YamlNode::Kind::scalar;
  gateway->text = path;
  include_file("", "gateway", root, problems);
}

/// Puts the turns of the file that `teacher.examples` names, if it names one, in its place: the
/// content decides output, and is what a run keeps and workers get. `directory` is the config's.
void include_examples(const std::string& directory, YamlNode& root, ConfigProblems& problems) {
  YamlNode* teacher = root.find("teacher");
  YamlNode* node = teacher == nullptr ? nullptr : teacher->find("examples");
  if (node == nullptr || node->kind != YamlNode::Kind::scalar) {
    return;
  }
  if (node->text.empty() || node->text.find('\0') != std::string::npos) {
    problems.add(node->place, "teacher.examples", "names no file");
    return;
  }
  const std::string path = beside(directory + "/", node->text);
  const Result<std::string> text = read_config_text(path);
  const Result<json::Value> turns =
      text.ok() ? examples_of(*text) : Result<json::Value>(text.error());
  if (!turns.ok()) {
    problems.add(node->place, "teacher.examples",
                 "'" + printable_line(node->text) + "': " + turns.error().message);
    return;
  }
  const YamlPlace place = node->place;
  *node = node_of(*turns, place);
}

/// Returns what is wrong with a config that a program wrote: with a key that this one does not
/// know, or a value that it does not have, it was another program.
Error stored_error(const BoundConfig& bound, const ConfigProblems& problems) {
  Error error = problems.error();
  error.code = bound.unknown_keys || problems.only_unsupported() ? Errc::stale : error.code;
  return error;
}

Result<RunConfig> bind_stored(std::string_view text, Completeness completeness) {
  ConfigProblems problems;
  problems.add_source("config");
  const Result<json::Value> value = json::parse(text);
  if (!value.ok()) {
    return value.error().within("config");
  }
  BoundConfig bound = bind_config(node_of(*value), completeness, problems);
  std::vector<std::string> warnings;
  check_config(bound, nullptr, problems, warnings);
  if (!problems.empty()) {
    return stored_error(bound, problems);
  }
  return std::move(bound.config);
}

}  // namespace

namespace {

/// Whether a run is to be made by a config, or was.
enum class Age { new_run, old_run };

/// Applies what overrides the file, and checks the whole.
Result<LoadedConfig> with_overrides(YamlNode& root, std::string directory, Age age,
                                    const ConfigOverrides& overrides, ConfigProblems& problems) {
  LoadedConfig loaded;
  loaded.directory = std::move(directory);
  if (overrides.environment) {
    apply_environment(overrides.environment, root, problems, loaded.warnings);
  }
  apply_sets(overrides.sets, root, problems);
  include_examples(loaded.directory, root, problems);
  expand_presets(root);
  BoundConfig bound = bind_config(root, Completeness::whole, problems);
  take_provider_files(loaded.directory, bound, problems);
  check_config(bound, overrides.environment, problems, loaded.warnings);
  if (age == Age::new_run) {
    check_new_config(bound, problems, loaded.warnings);
  }
  if (!problems.empty()) {
    return problems.error();
  }
  loaded.config = std::move(bound.config);
  const std::size_t bytes = json::canonical(effective_config(loaded.config)).size();
  if (bytes > kMaxTextBytes) {  // workers get it as one text
    return Error{Errc::invalid_input, "the config has " + std::to_string(bytes) +
                                          " bytes in canonical form, more than " +
                                          std::to_string(kMaxTextBytes)};
  }
  return loaded;
}

}  // namespace

Result<LoadedConfig> load_config(const std::string& path, const ConfigOverrides& overrides) {
  Result<std::string> text = read_config_text(path);
  if (!text.ok()) {
    return Error{Errc::invalid_input, "the config cannot be read: " + text.error().message};
  }
  ConfigProblems problems;
  YamlNode root = read_config_file(path, *text, problems);
  if (!problems.empty()) {
    return problems.error();
  }
  include_file(path, "gates", root, problems);
  include_file(path, "gateway", root, problems);
  include_examples(folder_of(path), root, problems);
  if (!problems.empty()) {
    return problems.error();
  }

  // What is wrong in the files is wrong whatever overrides it.
  bind_config(root, Completeness::partial, problems);
  return with_overrides(root, folder_of(path), Age::new_run, overrides, problems);
}

Result<LoadedConfig> load_stored_config(const std::string& name, std::string_view text,
                                        const std::string& gateway_file,
                                        const ConfigOverrides& overrides) {
  const Result<json::Value> value = json::parse(text);
  if (!value.ok()) {
    return value.error().within(name);
  }
  ConfigProblems problems;
  problems.add_source(name);
  YamlNode root = node_of(*value);
  const BoundConfig stored = bind_config(root, Completeness::partial, problems);
  if (!problems.empty()) {
    return stored_error(stored, problems);
  }
  if (!gateway_file.empty()) {
    read_gateway_file(gateway_file, root, problems);
  }
  if (!problems.empty()) {
    return problems.error();
  }
  return with_overrides(root, ".", Age::old_run, overrides, problems);
}

Result<RunConfig> config_from_json(std::string_view text) {
  return bind_stored(text, Completeness::whole);
}

Result<RunConfig> semantic_config_from_json(std::string_view text) {
  return bind_stored(text, Completeness::partial);
}

std::string semantic_difference(const RunConfig& then, const RunConfig& now) {
  RunConfig left = then;
  RunConfig right = now;
  const std::vector<Key> old_keys = config_keys(left);
  const std::vector<Key> new_keys = config_keys(right);
  for (std::size_t i = 0; i < old_keys.size(); ++i) {
    if (old_keys[i].effect != Effect::semantic) {
      continue;
    }
    const std::string before = json::canonical(key_value(old_keys[i]));
    const std::string after = json::canonical(key_value(new_keys[i]));
    if (before != after) {
      return old_keys[i].path + ": " + printable_line(before) + " then, " + printable_line(after) +
             " now";
    }
  }
  return "";
}

}  // namespace fd
