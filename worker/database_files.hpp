#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "worker/database_store.hpp"

namespace fd {

/// The files of databases that came over the wire: each is checked against its digest before it has
/// its name. Thread: one at a time; path() from any.
class DatabaseFiles {
 public:
  /// `directory` exists and belongs to this process. Files that an earlier one left there are used
  /// again, and a database that had come in part goes on from there.
  explicit DatabaseFiles(std::string directory) : directory_(std::move(directory)) {}
  ~DatabaseFiles();
  DatabaseFiles(const DatabaseFiles&) = delete;
  DatabaseFiles& operator=(const DatabaseFiles&) = delete;

  [[nodiscard]] std::string path(const Digest& digest) const;
  /// Returns what lies there, by the names and sizes. A folder that cannot be read has nothing.
  [[nodiscard]] DatabasesListed list() const;
  /// Reads and hashes what is there (`look` stays 0). A whole file with another digest is removed.
  DatabaseLooked look(const Digest& digest);
  /// Appends a piece. Not synced: what a power cut damages is found by its digest and fetched
  /// again. A piece that does not begin where the last one ended adds nothing.
  DatabaseAdded add(const DatabaseChunk& chunk);
  void remove(const Digest& digest);

 private:
  struct Part {
    int fd = -1;
    std::uint64_t received = 0;
    Sha256 sha;
  };
  [[nodiscard]] std::string part_path(const Digest& digest) const;
  Result<Part*> part_of(const Digest& digest);
  Result<bool> append(const DatabaseChunk& chunk, Part& part);
  void close_part(const Digest& digest);

  std::string directory_;
  std::map<Digest, Part> parts_;
};

}  // namespace fd
