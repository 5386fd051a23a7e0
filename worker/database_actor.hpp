#pragma once

#include <memory>
#include <string>

#include "actors/pipeline/caf_compat.hpp"
#include "worker/database_store.hpp"

FD_ACTOR_MESSAGE(fd::DatabasesListed)
FD_ACTOR_MESSAGE(fd::DatabaseLooked)
FD_ACTOR_MESSAGE(fd::DatabaseAdded)

namespace fd {

/// The store of a worker's databases: an actor with a thread of its own, which reads, hashes and
/// writes the files (worker/database_files.hpp).
class DatabaseActor final : public DatabaseStore {
 public:
  /// `owner` gets DatabasesListed, DatabaseLooked and DatabaseAdded.
  DatabaseActor(caf::actor_system& system, std::string directory, caf::actor owner);
  ~DatabaseActor() override;
  void list() override;
  void look(const Digest& digest, std::uint64_t look) override;
  void add(DatabaseChunk chunk) override;
  void remove(const Digest& digest) override;

 private:
  caf::actor files_;
};

}  // namespace fd
