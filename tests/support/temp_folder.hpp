#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include <dirent.h>
#include <gtest/gtest.h>

#include "actors/storage/files.hpp"

namespace fd::testing_support {

/// A new empty folder, removed with everything in it at the end.
class TempFolder {
 public:
  TempFolder() : root_(::testing::TempDir() + "/fd-XXXXXX") {
    FD_CHECK(::mkdtemp(root_.data()) != nullptr);
  }
  ~TempFolder() { static_cast<void>(remove_tree(root_).ok()); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string at(std::string_view name) const {
    return root_ + "/" + std::string(name);
  }
  /// Writes a file and returns its path.
  std::string put(std::string_view name, std::string_view bytes) const {
    std::ofstream file(at(name), std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    EXPECT_TRUE(file.good()) << at(name);
    return at(name);
  }
  /// Returns a file's bytes; fails the test when there is no such file.
  [[nodiscard]] std::string bytes(std::string_view name) const {
    std::ifstream file(at(name), std::ios::binary);
    EXPECT_TRUE(file.is_open()) << at(name);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  /// Returns the names in the folder, or in one below it.
  [[nodiscard]] std::set<std::string> names(std::string_view below = ".") const {
    std::set<std::string> found;
    DIR* folder = ::opendir(at(below).c_str());
    EXPECT_NE(folder, nullptr) << at(below);
    while (const dirent* entry = folder == nullptr ? nullptr : ::readdir(folder)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") {
        found.insert(name);
      }
    }
    if (folder != nullptr) {
      ::closedir(folder);
    }
    return found;
  }

 private:
  std::string root_;
};

}  // namespace fd::testing_support
