#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace fd::simulator {

/// Returns a path of the running test's own; nothing is there.
inline std::string temporary(std::string_view name) {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const std::string path = testing::TempDir() + info->test_suite_name() + "-" + info->name() + "-" +
                           std::to_string(::getpid()) + "-" + std::string(name);
  ::unlink(path.c_str());
  return path;
}

/// Returns the lines of a file, also one without its line end.
inline std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

}  // namespace fd::simulator
