#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "actors/journal/journal_files.hpp"

namespace fd::testing_support {

/// The file system, but that it fails when it is told to, holds syncs up, and can lose what was not
/// synced.
class FaultyFiles final : public JournalFiles {
 public:
  /// Counts from now on; 0: never. What has failed once goes on failing.
  void fail_sync(std::uint64_t nth) { set(fail_sync_, nth == 0 ? 0 : count(syncs_) + nth); }
  void fail_append(std::uint64_t nth) { set(fail_append_, nth == 0 ? 0 : count(appends_) + nth); }
  void fail_unlink() { set(fail_unlink_, true); }

  /// Lets no sync return until let_syncs(); returns once one is being held.
  void hold_syncs() { set(held_, true); }
  void wait_for_held_sync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return holding_; });
  }
  void let_syncs() { set(held_, false); }

  [[nodiscard]] std::uint64_t syncs() { return count(syncs_); }
  [[nodiscard]] std::vector<std::string> unlinked() {
    const std::lock_guard lock(mutex_);
    return unlinked_;
  }

  /// Cuts every file down to what was synced and `kept` of the bytes after it. Requires: nobody
  /// writes any more, or a sync is being held.
  void lose_unsynced(std::uint64_t kept) {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, size] : sizes_) {
      const std::uint64_t length = std::min(size.written, size.synced + kept);
      EXPECT_EQ(::truncate(path.c_str(), static_cast<off_t>(length)), 0) << path;
    }
  }

  /// Knows no file any more, for they were removed behind its back.
  void forget() {
    const std::lock_guard lock(mutex_);
    sizes_.clear();
  }

  Result<std::unique_ptr<JournalFile>> create(const std::string& path) override {
    FD_TRY(std::unique_ptr<JournalFile> file, system_.create(path));
    const std::lock_guard lock(mutex_);
    sizes_[path] = {};
    return std::unique_ptr<JournalFile>(std::make_unique<File>(*this, path, std::move(file)));
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    sizes_[to] = sizes_[from];
    sizes_.erase(from);
    return system_.rename(from, to);
  }
  Result<void> unlink(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (fail_unlink_) {
      return Error{Errc::storage, path + ": Input/output error"};
    }
    sizes_.erase(path);
    unlinked_.push_back(path.substr(path.rfind('/') + 1));
    return system_.unlink(path);
  }
  Result<void> sync_folder(const std::string& folder) override {
    return system_.sync_folder(folder);
  }

 private:
  struct Size {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };

  class File final : public JournalFile {
   public:
    File(FaultyFiles& files, std::string path, std::unique_ptr<JournalFile> inner)
        : files_(files), path_(std::move(path)), inner_(std::move(inner)) {}

    Result<void> append(std::string_view bytes) override {
      const std::lock_guard lock(files_.mutex_);
      ++files_.appends_;
      if (files_.fail_append_ != 0 && files_.appends_ >= files_.fail_append_) {
        // As a disk that fills up does: some of it is there.
        static_cast<void>(inner_->append(bytes.substr(0, bytes.size() / 2)).ok());
        return Error{Errc::storage, path_ + ": No space left on device"};
      }
      files_.sizes_[path_].written += bytes.size();
      return inner_->append(bytes);
    }

    Result<void> sync() override {
      std::unique_lock lock(files_.mutex_);
      ++files_.syncs_;
      files_.holding_ = files_.held_;
      files_.changed_.notify_all();
      files_.changed_.wait(lock, [this] { return !files_.held_; });
      files_.holding_ = false;
      if (files_.fail_sync_ != 0 && files_.syncs_ >= files_.fail_sync_) {
        return Error{Errc::storage, path_ + ": Input/output error"};
      }
      files_.sizes_[path_].synced = files_.sizes_[path_].written;
      return inner_->sync();
    }

   private:
    FaultyFiles& files_;
    std::string path_;
    std::unique_ptr<JournalFile> inner_;
  };

  template <class T, class V>
  void set(T& field, V value) {
    const std::lock_guard lock(mutex_);
    field = value;
    changed_.notify_all();
  }
  std::uint64_t count(const std::uint64_t& field) {
    const std::lock_guard lock(mutex_);
    return field;
  }

  SystemJournalFiles system_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Size> sizes_;
  std::vector<std::string> unlinked_;
  std::uint64_t appends_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t fail_sync_ = 0;
  std::uint64_t fail_append_ = 0;
  bool fail_unlink_ = false;
  bool held_ = false;
  bool holding_ = false;  ///< a sync waits to be let go
};

}  // namespace fd::testing_support
