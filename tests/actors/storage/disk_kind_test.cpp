#include "actors/storage/disk_kind.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

// The numbers of statfs(2).
constexpr std::uint64_t kNfs = 0x6969;
constexpr std::uint64_t kCifs = 0xff534d42;
constexpr std::uint64_t kSmb2 = 0xfe534d42;
constexpr std::uint64_t kTmpfs = 0x01021994;
constexpr std::uint64_t kExt4 = 0xef53;
constexpr std::uint64_t kXfs = 0x58465342;
constexpr std::uint64_t kOverlay = 0x794c7630;
constexpr std::uint64_t kLustre = 0x0bd00bd0;

TEST(DiskKind, C17NetworkFileSystemsAreRefusedByName) {
  for (const std::uint64_t type : {kNfs, kCifs, kSmb2}) {
    const auto taken = accept_disk(disk_kind(type), "/home/me/runs");
    ASSERT_FALSE(taken.ok()) << type;
    EXPECT_EQ(taken.error().code, Errc::invalid_input);
    EXPECT_TRUE(taken.error().message.starts_with("/home/me/runs: lies on a network file system"));
  }
}

TEST(DiskKind, C17OthersAreTakenAndMemoryIsKnown) {
  for (const std::uint64_t type : {kExt4, kXfs, kOverlay, kLustre, kTmpfs}) {
    EXPECT_TRUE(accept_disk(disk_kind(type), "runs").ok()) << type;
    EXPECT_EQ(disk_kind(type) == DiskKind::memory, type == kTmpfs);
  }
}

TEST(DiskKind, IsThatOfTheFolder) {
  const testing_support::TempFolder folder;
  EXPECT_TRUE(disk_kind_of(folder.root()).ok());
  EXPECT_TRUE(check_disk(folder.root()).ok());
  EXPECT_EQ(disk_kind_of(folder.at("none")).error().code, Errc::not_found);
  EXPECT_EQ(check_disk(folder.at("none")).error().code, Errc::not_found);
  EXPECT_EQ(*disk_kind_of("/proc"), DiskKind::lasting);  // nothing that it is said of
}

}  // namespace
}  // namespace fd
