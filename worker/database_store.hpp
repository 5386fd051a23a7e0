#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// The files that are there, whole or in part, by their names: nothing is read.
struct DatabasesListed {
  struct File {
    Digest digest;
    std::uint64_t bytes = 0;
  };
  std::vector<File> files;  ///< by digest
};
/// What is on disk of a database.
struct DatabaseLooked {
  Digest digest;
  std::uint64_t look = 0;              ///< the number of the look() that this answers
  std::optional<std::uint64_t> bytes;  ///< it is here and whole: its digest was checked
  std::uint64_t received = 0;          ///< else: bytes that an earlier process received
};
/// What became of a piece.
struct DatabaseAdded {
  Digest digest;
  std::uint64_t received = 0;  ///< bytes that are here now
  bool whole = false;
  /// corrupt: the digest differs, and what was received is dropped; storage.
  std::optional<Error> error;
};

/// Where databases lie. Each call returns at once; the disk is read and written by another thread,
/// in the order of the calls, and the answer comes later as an event.
class DatabaseStore {
 public:
  DatabaseStore() = default;
  virtual ~DatabaseStore() = default;
  DatabaseStore(const DatabaseStore&) = delete;
  DatabaseStore& operator=(const DatabaseStore&) = delete;
  /// Answered by DatabasesListed.
  virtual void list() = 0;
  /// Answered by DatabaseLooked with the number of this `look`.
  virtual void look(const Digest& digest, std::uint64_t look) = 0;
  /// Appends a piece, which begins where the last one ended. Answered by DatabaseAdded.
  virtual void add(DatabaseChunk chunk) = 0;
  /// Removes a database, whole or not. Not answered.
  virtual void remove(const Digest& digest) = 0;
};

}  // namespace fd
