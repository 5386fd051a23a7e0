#include "tests/sim/worker_databases.hpp"

#include <memory>
#include <utility>

#include "worker/worker_loop.hpp"

namespace fd::sim {
namespace {

constexpr Time kDiskTime = 2 * kMillisecond;

}  // namespace

void SimDatabases::list() {
  process_.after(kDiskTime, [this] {
    DatabasesListed listed;
    for (const auto& [digest, bytes] : disk_.databases()) {
      listed.files.push_back({digest, bytes.size()});
    }
    loop_.take(listed);
  });
}

void SimDatabases::look(const Digest& digest, std::uint64_t look) {
  process_.after(kDiskTime, [this, digest, look] {
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
  process_.after(kDiskTime, [this, held = std::make_shared<DatabaseChunk>(std::move(chunk))] {
    const DatabaseChunk& piece = *held;
    std::string& file = disk_.databases()[piece.digest];
    if (piece.offset == file.size()) {
      file += piece.bytes;
    }
    DatabaseAdded added{piece.digest, file.size(), file.size() == piece.total, {}};
    if (added.whole && sha256(file) != piece.digest) {
      disk_.databases().erase(piece.digest);
      added = {piece.digest, 0, false, Error{Errc::corrupt, "database with another digest"}};
    }
    loop_.take(added);
  });
}

void SimDatabases::remove(const Digest& digest) {
  process_.after(kDiskTime, [this, digest] { disk_.databases().erase(digest); });
}

}  // namespace fd::sim
