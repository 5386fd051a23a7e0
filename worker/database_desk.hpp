#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "actors/log.hpp"
#include "actors/ports.hpp"
#include "protocol/messages.hpp"
#include "worker/database_cache.hpp"

namespace fd {

/// The databases of the samples that are here: which are there, which are on their way. A sample
/// names its database by digest; one that names none needs none. Thread: one at a time.
class DatabaseDesk {
 public:
  using Send = std::function<void(const FetchDatabase&)>;

  /// `send` asks the coordinator. Lifetime: `cache`, `clock` and `log` outlive it.
  DatabaseDesk(DatabaseCache& cache, const Clock& clock, const Log& log, Send send)
      : cache_(cache), clock_(clock), log_(log), send_(std::move(send)) {}

  /// Returns the database that must come before the sample can run, having asked for it.
  std::optional<Digest> missing(const std::string& database);
  /// While pinned, a database stays. Every pin needs its unpin.
  void pin(const std::string& database);
  void unpin(const std::string& database);

  /// Takes a part of a database; returns its digest when it is whole. Errors: as
  /// DatabaseCache::add.
  Result<std::optional<Digest>> take(const DatabaseChunk& chunk);
  /// Asks again for what did not come.
  void ask_again();
  /// Another run: nothing is wanted or pinned any more.
  void forget();

 private:
  DatabaseCache& cache_;
  const Clock& clock_;
  const Log& log_;
  Send send_;
  std::map<Digest, Instant> wanted_;  ///< when to ask again
};

}  // namespace fd
