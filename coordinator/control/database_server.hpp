#pragma once

#include <set>
#include <string>
#include <utility>

#include "actors/storage/files.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Reads the databases of a run for its workers. Waits for the disk. Thread: one at a time.
class DatabaseServer {
 public:
  explicit DatabaseServer(RunDir dir) : dir_(std::move(dir)) {}

  /// Returns up to kDatabaseChunkBytes of a database. Before its first piece the whole file is
  /// checked against its SHA-256. Errors: corrupt, naming the file (another content, or gone: the
  /// run had it); storage.
  Result<FilePiece> read(const FetchDatabase& fetch);

 private:
  RunDir dir_;
  std::set<std::string> checked_;  ///< by hexadecimal SHA-256
};

}  // namespace fd
