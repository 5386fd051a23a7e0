#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// What is on disk of a database.
struct DatabaseLooked {
  Digest digest;
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
  /// Answered by DatabaseLooked.
  virtual void look(const Digest& digest) = 0;
  /// Appends a piece, which begins where the last one ended. Answered by DatabaseAdded.
  virtual void add(DatabaseChunk chunk) = 0;
  /// Removes a database, whole or not. Not answered.
  virtual void remove(const Digest& digest) = 0;
};

}  // namespace fd
