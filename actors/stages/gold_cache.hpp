#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/system/least_recently_used.hpp"

namespace fd {

/// How much a cache of golds keeps.
inline constexpr std::size_t kGoldCacheMax = 16384;
inline constexpr std::size_t kGoldCacheBytesMax = 64u << 20;

/// What one text gave in one database.
struct SqlRun {
  SqlResult result;
  std::string signature;  ///< empty unless ok
};

/// What golds gave, for all exec stages of a run in one process: a gold runs before its sample is
/// asked about, and its result is wanted again behind the answers, maybe by another thread's stage.
/// The least recently used goes first. Thread: any.
class GoldCache {
 public:
  /// Returns null when it is not there.
  std::shared_ptr<const SqlRun> find(const std::string& key);
  void put(const std::string& key, std::shared_ptr<const SqlRun> ran);

 private:
  std::mutex mutex_;
  LeastRecentlyUsed<std::shared_ptr<const SqlRun>> runs_{kGoldCacheMax, kGoldCacheBytesMax};
};

}  // namespace fd
