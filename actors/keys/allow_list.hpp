#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "actors/keys/curve_keys.hpp"

namespace fd {

/// Returns whether `worker` is the name of `user`, or begins with that and "-": "gpu" covers "gpu",
/// "gpu-0" and "gpu-a-1", not "gpus".
bool covers_name(const std::string& user, const std::string& worker);

/// Whose messages a coordinator takes: public key -> the user's name. Asked at every handshake and
/// again for every message, so that a key that is taken away counts for nothing from then on.
/// Thread: any.
class AllowList {
 public:
  /// A user may have several keys: that is how a key is replaced by the next.
  using Users = std::map<CurvePublicKey, std::string>;

  AllowList() = default;
  explicit AllowList(Users users) : users_(std::move(users)) {}

  void replace(Users users);
  /// Returns the user's name, or nothing for a stranger.
  [[nodiscard]] std::optional<std::string> user_of(const CurvePublicKey& key) const;
  /// Returns whether `user` may call a worker so: by the user's own name, or by that with "-" and
  /// something behind it, unless that belongs to another user of the list.
  [[nodiscard]] bool may_be_called(const std::string& user, const std::string& worker) const;

 private:
  mutable std::mutex mutex_;
  Users users_;  // guarded by mutex_
};

}  // namespace fd
