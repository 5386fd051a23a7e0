#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"

namespace fd {

/// A file that a merge derives from the shards, while it is made.
class DerivedFile {
 public:
  virtual ~DerivedFile() = default;
  /// Takes the bytes that follow. Errors: storage.
  virtual Result<void> write(std::string_view bytes) = 0;
  /// Ends the file, and returns its entry. Errors: storage.
  virtual Result<FileEntry> commit() = 0;
};

/// Where the files go that a merge derives. `verify` repeats a merge with one that compares them.
class MergeOutput {
 public:
  virtual ~MergeOutput() = default;
  /// Begins the file at `path`, which lies in the run's folder. Lifetime of the file: not longer
  /// than the output. Errors: storage.
  virtual Result<std::unique_ptr<DerivedFile>> create(const std::string& path) = 0;

  /// Makes a file that is as short as `text`. Errors: storage.
  Result<void> write_text(const std::string& path, std::string_view text);
};

/// Writes each file to its path, atomically and durably (AtomicFile).
class WrittenOutput final : public MergeOutput {
 public:
  Result<std::unique_ptr<DerivedFile>> create(const std::string& path) override;
};

}  // namespace fd
