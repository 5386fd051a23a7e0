#include "worker/database_actor.hpp"

#include <utility>

#include "actors/system/thread_name.hpp"
#include "worker/database_files.hpp"

namespace fd {
namespace {

struct LookForDatabase {
  Digest digest;
};
struct AddToDatabase {
  std::shared_ptr<DatabaseChunk> chunk;
};
struct RemoveDatabase {
  Digest digest;
};

}  // namespace
}  // namespace fd

FD_ACTOR_MESSAGE(fd::LookForDatabase)
FD_ACTOR_MESSAGE(fd::AddToDatabase)
FD_ACTOR_MESSAGE(fd::RemoveDatabase)

namespace fd {
namespace {

caf::behavior database_actor(caf::event_based_actor* self, std::string directory,
                             caf::actor owner) {
  act::end_process_on_exception(self, "database");
  name_thread("fd-databases");
  const auto files = std::make_shared<DatabaseFiles>(std::move(directory));
  return {[=](const LookForDatabase& look) { act::post(owner, files->look(look.digest)); },
          [=](const AddToDatabase& add) { act::post(owner, files->add(*add.chunk)); },
          [=](const RemoveDatabase& remove) { files->remove(remove.digest); }};
}

}  // namespace

DatabaseActor::DatabaseActor(caf::actor_system& system, std::string directory, caf::actor owner)
    : files_(system.spawn<caf::detached>(database_actor, std::move(directory), std::move(owner))) {}

DatabaseActor::~DatabaseActor() {
  caf::anon_send_exit(files_, caf::exit_reason::user_shutdown);
}

void DatabaseActor::look(const Digest& digest) {
  act::post(files_, LookForDatabase{digest});
}

void DatabaseActor::add(DatabaseChunk chunk) {
  act::post(files_, AddToDatabase{std::make_shared<DatabaseChunk>(std::move(chunk))});
}

void DatabaseActor::remove(const Digest& digest) {
  act::post(files_, RemoveDatabase{digest});
}

}  // namespace fd
