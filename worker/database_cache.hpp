#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// The databases that came over the wire: each once, checked against its digest, under a size
/// limit. What nobody uses goes first, least recently used first. Thread: one at a time (paths may
/// be read from any thread while they are pinned).
class DatabaseCache {
 public:
  /// `directory` exists and belongs to this process. Files that an earlier one left there are used
  /// again (their digest is checked at first use), and a database that had come in part goes on
  /// from there.
  DatabaseCache(std::string directory, std::uint64_t max_bytes);
  ~DatabaseCache();
  DatabaseCache(const DatabaseCache&) = delete;
  DatabaseCache& operator=(const DatabaseCache&) = delete;

  /// Returns whether the database is here and whole.
  bool has(const Digest& digest);
  [[nodiscard]] std::string path(const Digest& digest) const;

  /// While pinned, a database stays. Every pin needs its unpin.
  void pin(const Digest& digest);
  void unpin(const Digest& digest);
  /// Forgets all pins: what held them is gone.
  void unpin_all();

  enum class Chunk { more, complete, ignored };
  /// Takes bytes [offset, offset + bytes) of a database of `total` bytes. Returns ignored for a
  /// chunk that is not the next one. Errors: exhausted (does not fit beside what is pinned),
  /// corrupt (the digest differs), storage.
  Result<Chunk> add(const Digest& digest, std::uint64_t offset, std::uint64_t total,
                    std::string_view bytes);
  /// Returns the offset to ask for next. Takes up what an earlier process has received.
  std::uint64_t received(const Digest& digest);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::uint64_t bytes = 0;
    std::uint32_t pins = 0;
    std::list<Digest>::iterator place;  ///< in used_
  };
  struct Incoming {
    int fd = -1;
    std::string path;
    std::uint64_t received = 0;
    Sha256 sha;
  };
  bool make_room(std::uint64_t needed);
  Result<void> begin(const Digest& digest, Incoming& incoming) const;
  void drop_part(const Digest& digest);
  void enter(const Digest& digest, std::uint64_t bytes);

  std::string directory_;
  std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  std::map<Digest, Entry> entries_;
  std::list<Digest> used_;  ///< most recent first
  std::map<Digest, Incoming> incoming_;
};

}  // namespace fd
