#include "coordinator/control/database_server.hpp"

#include "coordinator/shards/files.hpp"

namespace fd {
namespace {

/// Errors: as DatabaseServer::read().
Result<void> check(const std::string& path, const Digest& digest) {
  const auto found = digest_file(path);
  if (!found.ok()) {
    return missing_is_corrupt(found.error());
  }
  if (found->sha256 != digest) {
    return Error{Errc::corrupt,
                 path + ": its SHA-256 is " + found->sha256.hex() + ", not its name"};
  }
  return {};
}

}  // namespace

Result<FilePiece> DatabaseServer::read(const FetchDatabase& fetch) {
  const std::string digest = fetch.digest.hex();
  const std::string path = dir_.database(digest);
  if (!checked_.contains(digest)) {
    FD_TRY_VOID(check(path, fetch.digest));
    checked_.insert(digest);
  }
  auto piece = read_piece(path, fetch.offset, kDatabaseChunkBytes);
  if (!piece.ok()) {
    return missing_is_corrupt(piece.error());
  }
  return piece;
}

}  // namespace fd
