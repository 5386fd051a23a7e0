#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/keys/allow_list.hpp"
#include "actors/keys/curve_keys.hpp"
#include "protocol/base/result.hpp"

namespace fd {

// A folder of keys, as `fd-coordinator keygen DIR` makes it:
//
//   coordinator.secret  coordinator.public
//   allowed/NAME.public                      whose messages the coordinator takes
//   workers/NAME/{NAME.secret,NAME.public,coordinator.public}   what that worker needs
//
// A key file has lines "curve-public KEY" or one line "curve-secret KEY"; empty lines and those
// that begin with # do not count. Errors of all functions: refused, with the path and what is wrong
// (access rights, owner, kind of file, length, no Z85, a key of the other kind, one that everybody
// knows); not_found; storage when a folder cannot be listed to its end.

inline constexpr std::size_t kAllowedUsersMax = 4096;
inline constexpr std::size_t kKeysPerUserMax = 8;  ///< two while a key is replaced
inline constexpr std::size_t kUserNameMax = 40;
inline constexpr std::size_t kKeyFileBytesMax = 4096;
inline constexpr const char* kDefaultWorkerUser = "worker";
/// The user that the workers of a coordinator's own are; never in a folder.
inline constexpr const char* kLocalUser = "local";

/// What a coordinator starts with.
struct CoordinatorKeys {
  CurveKeyPair own;
  AllowList::Users users;
};
/// What a worker starts with.
struct WorkerKeys {
  std::string user;  ///< the name of its key on the coordinator's list
  CurveKeyPair own;
  CurvePublicKey server;
};

/// Returns whether a user may be called so: [A-Za-z0-9][A-Za-z0-9._-]*, at most kUserNameMax
/// characters, not `coordinator`, `local` or `local-...`. Errors: invalid_input, saying so.
Result<void> check_user_name(const std::string& name);

/// Reads one secret key. It must belong to this user alone (mode 0600 or less).
Result<CurveKeyPair> read_secret_key(const std::string& path);
/// Reads the public keys of a file that nobody else can write: at least one.
Result<std::vector<CurvePublicKey>> read_public_keys(const std::string& path);

Result<CoordinatorKeys> load_coordinator_keys(const std::string& folder);
/// Reads DIR/allowed. A key of two users is refused.
Result<AllowList::Users> load_allow_list(const std::string& folder);
/// Reads a worker's keys from DIR/workers/NAME or from DIR, the folder that keygen made. There the
/// user is the one that `worker` is a name of; without that the only one, or else "worker".
Result<WorkerKeys> load_worker_keys(const std::string& folder,
                                    const std::optional<std::string>& worker);

/// The keys of a local worker as text and back; see LocalWorkers.
std::string local_keys_text(const CurveKeyPair& own, const CurvePublicKey& server);
Result<WorkerKeys> parse_local_keys(const std::string& text);

/// Returns the content of a key file.
std::string key_file_text(const CurvePublicKey& key);
std::string key_file_text(const CurveSecretKey& key);

}  // namespace fd
