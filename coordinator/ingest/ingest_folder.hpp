#pragma once

#include <string>
#include <utility>

#include "protocol/base/result.hpp"

namespace fd {

/// The folder beside the runs in which one process ingests, before a rename makes it a run's.
/// Locked while the object lives, so that the next process can tell it from what a dead one left.
class IngestFolder {
 public:
  /// Makes a new empty folder under `artifacts`, and removes those of processes that are dead.
  /// Errors: storage.
  static Result<IngestFolder> make(const std::string& artifacts);
  /// Removes the folder, unless it has another name by now.
  ~IngestFolder();
  IngestFolder(IngestFolder&& other) noexcept;
  IngestFolder& operator=(IngestFolder&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  IngestFolder(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

}  // namespace fd
