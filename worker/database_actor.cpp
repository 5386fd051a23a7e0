#include "worker/database_actor.hpp"

#include <utility>

#include "actors/system/thread_name.hpp"
#include "worker/database_files.hpp"

namespace fd {
namespace {

struct ListDatabases {};
struct LookForDatabase {
  Digest digest;
  std::uint64_t look = 0;
};
struct AddToDatabase {
  std::shared_ptr<DatabaseChunk> chunk;
};
struct RemoveDatabase {
  Digest digest;
};

}  // namespace
}  // namespace fd

FD_ACTOR_MESSAGE(fd::ListDatabases)
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
  return {[=](const ListDatabases&) { act::post(owner, files->list()); },
          [=](const LookForDatabase& look) {
            DatabaseLooked looked = files->look(look.digest);
            looked.look = look.look;
            act::post(owner, std::move(looked));
          },
          [=](const AddToDatabase& add) { act::post(owner, files->add(*add.chunk)); },
          [=](const RemoveDatabase& remove) { files->remove(remove.digest); }};
}

}  // namespace

DatabaseActor::DatabaseActor(caf::actor_system& system, std::string directory, caf::actor owner)
    : files_(system.spawn<caf::detached>(database_actor, std::move(directory), std::move(owner))) {}

DatabaseActor::~DatabaseActor() {
  caf::anon_send_exit(files_, caf::exit_reason::user_shutdown);
}

void DatabaseActor::list() {
  act::post(files_, ListDatabases{});
}

void DatabaseActor::look(const Digest& digest, std::uint64_t look) {
  act::post(files_, LookForDatabase{digest, look});
}

void DatabaseActor::add(DatabaseChunk chunk) {
  act::post(files_, AddToDatabase{std::make_shared<DatabaseChunk>(std::move(chunk))});
}

void DatabaseActor::remove(const Digest& digest) {
  act::post(files_, RemoveDatabase{digest});
}

}  // namespace fd
