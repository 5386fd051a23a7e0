#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// What overrides the file: base -> environment -> --set.
struct ConfigOverrides {
  /// Looks up an environment variable; injected, so that tests need no environment.
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::vector<std::string> sets;  ///< "key.path=value", the value as YAML
};

/// A config and where its relative paths are relative to.
struct LoadedConfig {
  RunConfig config;
  std::string directory;              ///< of the file
  std::vector<std::string> warnings;  ///< for people, one line each
};

/// Reads CONFIG (and the files that `gates:` and `gateway:` may name), applies overrides,
/// validates. Errors: invalid_input; the message lists every problem found, each as
/// "file:line:column: key: what is wrong, what is allowed", the line and a caret.
Result<LoadedConfig> load_config(const std::string& path, const ConfigOverrides& overrides);

/// Reads a config from JSON that effective_config() wrote (a worker gets it over the wire). A key
/// that is not there has its default. Errors: stale, naming a key that this program does not know
/// or a value that it does not have; invalid_input.
Result<RunConfig> config_from_json(std::string_view text);

/// Reads a config from JSON that effective_config() or semantic_config() wrote, and applies
/// overrides as load_config() does. `name` is what messages call the JSON. With `gateway_file`, the
/// section `gateway` is that file's, as if a config named it. Errors: as load_config(); stale,
/// as config_from_json().
Result<LoadedConfig> load_stored_config(const std::string& name, std::string_view text,
                                        const std::string& gateway_file,
                                        const ConfigOverrides& overrides);

/// Reads a config from JSON that semantic_config() wrote: every other key has its default, and
/// there is no provider. Errors: as config_from_json().
Result<RunConfig> semantic_config_from_json(std::string_view text);

/// Returns the first key that decides output and differs, as `teacher.model: "a" then, "b" now`
/// (long values cut); empty when there is none.
std::string semantic_difference(const RunConfig& then, const RunConfig& now);

/// Returns every key with its effective value: what run.json records and the wire carries.
/// Holds names of environment variables, never their values.
json::Value effective_config(const RunConfig& config);
/// Returns only the keys marked semantic, without those that were added later and have their
/// default.
json::Value semantic_config(const RunConfig& config);
/// Returns the SHA-256 of the JCS text of semantic_config().
Digest config_digest(const RunConfig& config);
/// Returns the table of docs/configuration.md in Markdown, from the same declarations.
std::string config_reference();

}  // namespace fd
