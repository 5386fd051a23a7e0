#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "protocol/messages.hpp"
#include "worker/database_store.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// What became of databases that somebody waits for.
struct DatabaseNews {
  std::vector<Digest> arrived;
  std::vector<std::pair<Digest, std::string>> given_up;  ///< with the reason, for people
  std::optional<Error> disk_failed;                      ///< the worker cannot go on
};

/// The databases of the samples that are here: which are there, which are on their way, which must
/// go. A sample names its database by digest; one that names none needs none. Decides only: the
/// disk is the store's. Thread: one at a time.
class DatabaseClient {
 public:
  /// Requests of a piece without an answer, each one lost or dropped, before a database is given
  /// up.
  static constexpr std::uint32_t kAsksMax = 10;
  /// Arrivals with another digest before a database is given up.
  static constexpr std::uint32_t kDamagedMax = 3;

  using Send = std::function<void(const FetchDatabase&)>;

  /// `send` asks the coordinator, of whose answers `core` knows. `max_bytes`: of all files
  /// together, also of earlier processes and with what is on its way. Lifetime: `store`, `core`,
  /// `clock` and `log` outlive it.
  DatabaseClient(DatabaseStore& store, std::uint64_t max_bytes, const WorkerCore& core,
                 const Clock& clock, const Log& log, Send send)
      : store_(store),
        max_bytes_(max_bytes),
        core_(core),
        clock_(clock),
        log_(log),
        send_(std::move(send)) {}

  /// Counts what earlier processes left: due before anything else.
  void start() { store_.list(); }

  enum class Presence { here, coming, given_up };
  /// Tells whether a sample can open its database, and has it fetched if it is not here. While it
  /// is coming the caller waits for it, until news tell that it is here or was given up, or
  /// unwant().
  Presence want(const std::string& database);
  /// One that waits does so no longer. What nobody waits for is not fetched, and ask() asks for the
  /// next one. Requires: it is
  /// coming, for each want() that said so.
  void unwant(const std::string& database);
  /// While pinned, a database stays. Every pin needs its unpin. Requires: it is here.
  void pin(const std::string& database);
  void unpin(const std::string& database);
  /// There was trouble with a database that is here: its file is looked at, and fetched again if it
  /// is not what it was, before the next sample uses it. Samples that have it pinned go on.
  void distrust(const std::string& database);

  /// Takes a piece that the coordinator sent.
  void take(DatabaseChunk chunk);
  /// Takes an answer of the store.
  void take(const DatabasesListed& listed);
  void take(const DatabaseLooked& looked);
  void take(const DatabaseAdded& added);
  /// Asks for the next database, and again for what did not come.
  void ask();
  /// Returns what became of databases since the last call.
  [[nodiscard]] DatabaseNews news() { return std::exchange(news_, {}); }
  /// Returns whether a piece was asked for and has not come.
  [[nodiscard]] bool asking() const;
  /// The session ended: nothing is wanted, pinned or given up any more.
  void forget();
  /// Returns the bytes of all files, whole or not.
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  /// A database that is here.
  struct Here {
    std::uint64_t bytes = 0;
    std::uint32_t pins = 0;
    bool distrusted = false;
    std::list<Digest>::iterator place;  ///< in used_
  };
  /// A database that is on its way.
  struct Wanted {
    enum class Step { looking, waiting, asked, adding };
    Step step = Step::looking;
    std::uint64_t look = 0;     ///< number of the look whose answer counts
    std::uint32_t waiting = 0;  ///< how many wait for it
    std::uint64_t received = 0;
    std::uint64_t total = 0;  ///< bytes of the whole, once they are known; else 0
    Instant asked;
    std::uint64_t mark = 0;     ///< of the core, when it was asked for
    std::uint32_t asks = 0;     ///< without an answer
    std::uint32_t damaged = 0;  ///< arrivals with another digest
  };
  void ask(const Digest& digest, Wanted& wanted);
  void ask_again(const Digest& digest, Wanted& wanted);
  Wanted* find(const Digest& digest, Wanted::Step step);
  void enter(const Digest& digest, std::uint64_t bytes);
  void leave(const Digest& digest, const Wanted& wanted);
  void leave(std::map<Digest, Here>::iterator here);
  [[nodiscard]] bool has_room(const Digest& digest, std::uint64_t needed) const;
  bool make_room(const Digest& digest, std::uint64_t needed);
  bool evict(const Digest& kept);
  void give_up(const Digest& digest, std::string why);
  void give_up_large(const Digest& digest, std::uint64_t bytes);

  DatabaseStore& store_;
  const std::uint64_t max_bytes_;
  const WorkerCore& core_;
  const Clock& clock_;
  const Log& log_;
  Send send_;
  std::map<Digest, Here> here_;
  std::list<Digest> used_;  ///< of here_, most recent first
  std::map<Digest, Wanted> wanted_;
  /// Bytes of what lies there, whole or in part, and nobody wants: of earlier processes and
  /// sessions. Its digests are not checked.
  std::map<Digest, std::uint64_t> left_;
  std::uint64_t looks_ = 0;
  std::map<Digest, std::string> given_up_;
  DatabaseNews news_;
};

}  // namespace fd
