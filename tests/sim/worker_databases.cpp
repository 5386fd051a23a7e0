#include "tests/sim/worker_databases.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "worker/worker_loop.hpp"

namespace fd::sim {

/// Has something done when the disk has done all before it.
void SimDatabases::later(Task task) {
  const Time now = services_.schedule.now();
  idle_at_ =
      std::max(idle_at_, now) + random_.between(1 * kMillisecond, services_.plan.database_disk_max);
  process_.after(idle_at_ - now, std::move(task));
}

/// Files of earlier processes count, too.
void SimDatabases::check_room() const {
  std::uint64_t bytes = 0;
  for (const auto& [digest, file] : disk_.databases()) {
    bytes += file.size();
  }
  if (bytes > services_.plan.database_room) {
    services_.oracle.fail(services_.schedule.now(), "databases take more room than they may");
  }
}

void SimDatabases::list() {
  later([this] {
    DatabasesListed listed;
    for (const auto& [digest, bytes] : disk_.databases()) {
      listed.files.push_back({digest, bytes.size()});
    }
    loop_.take(listed);
  });
}

void SimDatabases::look(const Digest& digest, std::uint64_t look) {
  later([this, digest, look] {
    DatabaseLooked looked{digest, look, {}, 0};
    const auto& files = disk_.databases();
    if (const auto whole = files.find(digest); whole != files.end()) {
      if (sha256(whole->second) == digest) {
        looked.bytes = whole->second.size();
      } else {
        looked.received = whole->second.size();
      }
    }
    loop_.take(looked);
  });
}

void SimDatabases::add(DatabaseChunk chunk) {
  later([this, held = std::make_shared<DatabaseChunk>(std::move(chunk))] {
    const DatabaseChunk& piece = *held;
    std::string& file = disk_.databases()[piece.digest];
    if (piece.offset == file.size()) {
      file += piece.bytes;
    }
    check_room();
    DatabaseAdded added{piece.digest, file.size(), file.size() == piece.total, {}};
    if (added.whole && sha256(file) != piece.digest) {
      disk_.databases().erase(piece.digest);
      added = {piece.digest, 0, false, Error{Errc::corrupt, "database with another digest"}};
    }
    loop_.take(added);
  });
}

void SimDatabases::remove(const Digest& digest) {
  later([this, digest] { disk_.databases().erase(digest); });
}

}  // namespace fd::sim
