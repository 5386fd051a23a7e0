#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "protocol/messages.hpp"
#include "worker/database_cache.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// The databases of the samples that are here: which are there, which are on their way. A sample
/// names its database by digest; one that names none needs none. Thread: one at a time.
class DatabaseClient {
 public:
  using Send = std::function<void(const FetchDatabase&)>;

  /// `send` asks the coordinator, of whose answers `core` knows. Lifetime: `cache`, `core`, `clock`
  /// and `log` outlive it.
  DatabaseClient(DatabaseCache& cache, const WorkerCore& core, const Clock& clock, const Log& log,
                 Send send)
      : cache_(cache), core_(core), clock_(clock), log_(log), send_(std::move(send)) {}

  /// Returns the database that must come before the sample can run, having asked for it.
  std::optional<Digest> missing(const std::string& database);
  /// While pinned, a database stays. Every pin needs its unpin.
  void pin(const std::string& database);
  void unpin(const std::string& database);

  /// Takes a part of a database; returns its digest when it is whole. Errors: as
  /// DatabaseCache::add.
  Result<std::optional<Digest>> take(const DatabaseChunk& chunk);
  /// Returns whether a piece was asked for and has not come.
  [[nodiscard]] bool asking() const;
  /// Asks for the next databases, and again for what did not come.
  void ask();
  /// Another run: nothing is wanted or pinned any more.
  void forget();

 private:
  struct Wanted {
    std::optional<Instant> asked;
    std::uint64_t mark = 0;  ///< of the core, when it was asked for
  };

  void ask(const Digest& digest, Wanted& wanted);

  DatabaseCache& cache_;
  const WorkerCore& core_;
  const Clock& clock_;
  const Log& log_;
  Send send_;
  std::map<Digest, Wanted> wanted_;
};

}  // namespace fd
