#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/system/descriptor.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"

namespace fd {

/// When a new file must survive a power cut.
enum class Durable {
  at_once,  ///< when commit() returns
  content,  ///< its content when commit() returns, its name once sync_folder() has returned
  later,    ///< when sync_filesystem() has been called: for a folder that only a later rename
            ///< publishes
};

/// Writes a file so that its final name never shows half of it: temporary file beside it (0600,
/// O_EXCL|O_NOFOLLOW), fsync, rename, fsync of the folder. Without commit() nothing remains.
/// Errors of all members: storage, with the path and the system's word.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path, Durable durable = Durable::at_once);
  ~AtomicFile();
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;

  /// Buffered (256 KiB). An error is kept and returned by commit() as well.
  Result<void> write(std::string_view bytes);
  /// Gives the file its final name, durably unless that comes later; returns its entry.
  Result<FileEntry> commit();

 private:
  struct Impl;
  explicit AtomicFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Writes `bytes` to `path` as AtomicFile does.
Result<FileEntry> write_file(const std::string& path, std::string_view bytes,
                             Durable durable = Durable::at_once);
/// Makes the names in a folder durable. Errors: storage.
Result<void> sync_folder(const std::string& path);
/// Makes everything on the file system of `path` durable. Errors: storage.
Result<void> sync_filesystem(const std::string& path);
/// Reads a regular file from its beginning, block by block.
class BlockReader {
 public:
  static constexpr std::size_t kBlockBytes = 256u << 10;
  /// Errors: not_found, storage.
  static Result<BlockReader> open(const std::string& path, std::size_t block_bytes = kBlockBytes);
  /// Returns the next bytes, at most a block; none at the end. Lifetime: until the next call.
  /// Errors: storage.
  Result<std::string_view> next();
  /// Returns how long the file was when it was opened. Units: bytes.
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  BlockReader(std::string path, Descriptor fd, std::uint64_t file_bytes, std::size_t block_bytes)
      : path_(std::move(path)), fd_(std::move(fd)), file_bytes_(file_bytes), block_(block_bytes) {}
  std::string path_;
  Descriptor fd_;
  std::uint64_t file_bytes_;
  std::vector<char> block_;
};

/// Reads a whole regular file of at most `max_bytes`. Errors: not_found, exhausted, storage.
Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes = 1u << 30);
struct FilePiece {
  std::string bytes;
  std::uint64_t file_bytes = 0;  ///< of the whole file
};
/// Reads up to `max_bytes` from `offset` on: fewer at the end of the file, none beyond it. Follows
/// no link. Errors: not_found, storage.
Result<FilePiece> read_piece(const std::string& path, std::uint64_t offset, std::size_t max_bytes);
/// Makes a folder (0700) and its parents. Errors: storage.
Result<void> make_directories(const std::string& path);
bool file_exists(const std::string& path);
/// Returns the names in a folder, sorted; none when there is no such folder. Errors: storage.
Result<std::vector<std::string>> names_in(const std::string& folder);
/// Removes a folder and all in it, never following links. Errors: storage.
Result<void> remove_tree(const std::string& path);
/// Renames and makes the rename durable. Errors: storage.
Result<void> rename_durable(const std::string& from, const std::string& to);
/// Returns the SHA-256 of a file and its size. Errors: not_found, storage.
Result<FileEntry> digest_file(const std::string& path);

}  // namespace fd
