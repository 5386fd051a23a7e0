#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/keys/allow_list.hpp"
#include "actors/keys/curve_keys.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Who may work for a run, and how it is known that they are who they say.
struct RunSecurity {
  std::optional<CurveKeyPair> own;     ///< nothing: the wire is plaintext
  std::optional<CurveKeyPair> local;   ///< what the local workers get; lives as long as the process
  std::shared_ptr<AllowList> allowed;  ///< with `own`; has the local workers' key too
  bool plaintext_on_network = false;   ///< asked for, and to be warned of
};

/// Reads the keys that a config names, makes those of the local workers, and decides whether
/// `listen` may be. Errors: refused (a network address without keys, keys that are not sound),
/// not_found, invalid_input (`listen` is no address).
Result<RunSecurity> secure_run(const TransportConfig& config,
                               const std::optional<std::string>& listen);

/// Reads the allow-list of `config` anew into `security`. After an error it is as before. Returns
/// the number of keys. Errors: refused, not_found.
Result<std::size_t> reload_allow_list(const TransportConfig& config, const RunSecurity& security);

}  // namespace fd
