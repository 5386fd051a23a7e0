// Runs a test program in a temporary folder of its own, which goes with all that the tests left in
// it.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include <gtest/gtest.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string folder = testing::TempDir() + "fd-test-XXXXXX";
  constexpr mode_t kOthersPass = 0711;  // cases that run as another user reach their own folder
  if (::mkdtemp(folder.data()) == nullptr || ::chmod(folder.c_str(), kOthersPass) != 0) {
    std::perror(folder.c_str());
    return EXIT_FAILURE;
  }
  ::setenv("TEST_TMPDIR", (folder + "/").c_str(),
           1);  // what testing::TempDir() returns from here on
  const int result = RUN_ALL_TESTS();
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);
  if (failed) {
    std::fprintf(stderr, "%s: %s\n", folder.c_str(), failed.message().c_str());
    return EXIT_FAILURE;
  }
  return result;
}
