#include "actors/keys/allow_list.hpp"

#include <algorithm>
#include <utility>

namespace fd {

bool covers_name(const std::string& user, const std::string& worker) {
  return worker.starts_with(user) && (worker.size() == user.size() || worker[user.size()] == '-');
}

void AllowList::replace(Users users) {
  const std::lock_guard lock(mutex_);
  users_ = std::move(users);
}

std::optional<std::string> AllowList::user_of(const CurvePublicKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(key);
  return found == users_.end() ? std::nullopt : std::optional(found->second);
}

bool AllowList::may_be_called(const std::string& user, const std::string& worker) const {
  if (!covers_name(user, worker)) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  return std::none_of(users_.begin(), users_.end(), [&](const auto& entry) {
    return entry.second.size() > user.size() && covers_name(entry.second, worker);
  });
}

}  // namespace fd
