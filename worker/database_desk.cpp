#include "worker/database_desk.hpp"

#include <string>

namespace fd {
namespace {

constexpr Duration kDatabaseTimeout = std::chrono::seconds(2);

}  // namespace

std::optional<Digest> DatabaseDesk::missing(const std::string& database) {
  const auto digest = Digest::from_hex(database);
  if (!digest || cache_.has(*digest)) {
    return std::nullopt;
  }
  if (wanted_.try_emplace(*digest, clock_.now() + kDatabaseTimeout).second) {
    const std::uint64_t received = cache_.received(*digest);
    if (received > 0) {
      log_.info("database_goes_on",
                {{"digest", digest->hex()}, {"offset", std::to_string(received)}});
    }
    send_(FetchDatabase{*digest, received});
  }
  return digest;
}

void DatabaseDesk::pin(const std::string& database) {
  if (const auto digest = Digest::from_hex(database)) {
    cache_.pin(*digest);
  }
}

void DatabaseDesk::unpin(const std::string& database) {
  if (const auto digest = Digest::from_hex(database)) {
    cache_.unpin(*digest);
  }
}

Result<std::optional<Digest>> DatabaseDesk::take(const DatabaseChunk& chunk) {
  if (!wanted_.contains(chunk.digest)) {
    return std::optional<Digest>();
  }
  // What cannot be taken is asked for again after the time-out, when pins may be gone.
  FD_TRY(const DatabaseCache::Chunk added,
         cache_.add(chunk.digest, chunk.offset, chunk.total, chunk.bytes));
  if (added == DatabaseCache::Chunk::more) {
    wanted_[chunk.digest] = clock_.now() + kDatabaseTimeout;
    send_(FetchDatabase{chunk.digest, cache_.received(chunk.digest)});
  } else if (added == DatabaseCache::Chunk::complete) {
    wanted_.erase(chunk.digest);
    return std::optional(chunk.digest);
  }
  return std::optional<Digest>();
}

void DatabaseDesk::ask_again() {
  for (auto& [digest, again_at] : wanted_) {
    if (clock_.now() >= again_at) {
      again_at = clock_.now() + kDatabaseTimeout;
      send_(FetchDatabase{digest, cache_.received(digest)});
    }
  }
}

void DatabaseDesk::forget() {
  wanted_.clear();
  cache_.unpin_all();
}

}  // namespace fd
