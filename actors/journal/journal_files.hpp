#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

/// A file that is only ever appended to. Closed when destroyed, without a sync.
class JournalFile {
 public:
  virtual ~JournalFile() = default;
  /// Writes all of `bytes` at the end. Errors: storage; how much was written is not known then.
  virtual Result<void> append(std::string_view bytes) = 0;
  /// Makes what was appended durable. Errors: storage; the file must not be used after one, since
  /// the system may have dropped what it could not write.
  virtual Result<void> sync() = 0;
};

/// What a journal asks of the file system; tests put one in between that fails or forgets.
/// Errors of all members: storage, with the path and the system's word. Thread: one at a time.
class JournalFiles {
 public:
  virtual ~JournalFiles() = default;
  /// Makes a new file (0600) that must not exist yet and is no link.
  virtual Result<std::unique_ptr<JournalFile>> create(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> unlink(const std::string& path) = 0;
  /// Makes the names in a folder durable.
  virtual Result<void> sync_folder(const std::string& folder) = 0;
};

/// The file system itself.
class SystemJournalFiles final : public JournalFiles {
 public:
  Result<std::unique_ptr<JournalFile>> create(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<void> sync_folder(const std::string& folder) override;
};

}  // namespace fd
