#include "worker/database_client.hpp"

#include <algorithm>
#include <utility>

namespace fd {
namespace {

constexpr Duration kDatabaseTimeout = std::chrono::seconds(2);

}  // namespace

std::optional<Digest> DatabaseClient::missing(const std::string& database) {
  const auto digest = Digest::from_hex(database);
  if (!digest || cache_.has(*digest)) {
    return std::nullopt;
  }
  if (wanted_.try_emplace(*digest).second) {
    ask();
  }
  return digest;
}

void DatabaseClient::pin(const std::string& database) {
  if (const auto digest = Digest::from_hex(database)) {
    cache_.pin(*digest);
  }
}

void DatabaseClient::unpin(const std::string& database) {
  if (const auto digest = Digest::from_hex(database)) {
    cache_.unpin(*digest);
  }
}

Result<std::optional<Digest>> DatabaseClient::take(const DatabaseChunk& chunk) {
  const auto wanted = wanted_.find(chunk.digest);
  if (wanted == wanted_.end()) {
    return std::optional<Digest>();
  }
  // What cannot be taken is asked for again after the time-out, when pins may be gone.
  FD_TRY(const DatabaseCache::Chunk added,
         cache_.add(chunk.digest, chunk.offset, chunk.total, chunk.bytes));
  if (added == DatabaseCache::Chunk::more) {
    ask(chunk.digest, wanted->second);
  } else if (added == DatabaseCache::Chunk::complete) {
    wanted_.erase(wanted);
    ask();
    return std::optional(chunk.digest);
  }
  return std::optional<Digest>();
}

bool DatabaseClient::asking() const {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [](const auto& entry) { return entry.second.asked.has_value(); });
}

/// One at a time: on a slow link two would only halve what either gets.
void DatabaseClient::ask() {
  bool asked = asking();
  for (auto& [digest, wanted] : wanted_) {
    if (!wanted.asked) {
      if (!std::exchange(asked, true)) {
        ask(digest, wanted);
      }
    } else if (clock_.now() >= *wanted.asked + kDatabaseTimeout &&
               core_.bulk().passed(wanted.mark)) {
      ask(digest, wanted);
    }
  }
}

void DatabaseClient::ask(const Digest& digest, Wanted& wanted) {
  const std::uint64_t received = cache_.received(digest);
  if (!wanted.asked && received > 0) {
    log_.info("database_goes_on", {{"digest", digest.hex()}, {"offset", std::to_string(received)}});
  }
  wanted = {clock_.now(), core_.bulk().mark()};
  send_(FetchDatabase{digest, received});
}

void DatabaseClient::forget() {
  wanted_.clear();
  cache_.unpin_all();
}

}  // namespace fd
