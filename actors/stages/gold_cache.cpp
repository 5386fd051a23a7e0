#include "actors/stages/gold_cache.hpp"

#include <utility>

namespace fd {
namespace {

std::size_t size_of(const SqlRun& ran, const std::string& key) {
  std::size_t bytes = sizeof(SqlRun) + 2 * key.size() + ran.result.message.size();
  for (const std::string& row : ran.result.rows) {
    bytes += sizeof(std::string) + row.capacity();
  }
  return bytes;
}

}  // namespace

std::shared_ptr<const SqlRun> GoldCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto* found = runs_.find(key);
  return found != nullptr ? *found : nullptr;
}

void GoldCache::put(const std::string& key, std::shared_ptr<const SqlRun> ran) {
  const std::size_t bytes = size_of(*ran, key);
  const std::lock_guard lock(mutex_);
  if (runs_.find(key) == nullptr) {  // two stages may have run it at the same time
    runs_.put(key, std::move(ran), bytes);
  }
}

}  // namespace fd
