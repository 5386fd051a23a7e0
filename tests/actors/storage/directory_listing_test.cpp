#include "actors/storage/directory_listing.hpp"

#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "actors/storage/directory_trust.hpp"
#include "tests/support/broken_listing.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::entries_left;
using testing_support::TempFolder;
using Listed = std::vector<std::string>;

/// Lists with at most this many entries before the disk fails.
template <class Call>
auto with_entries(int count, const Call& call) {
  entries_left = count;
  auto result = call();
  entries_left = -1;
  return result;
}

TEST(DirectoryListing, IsSortedAndWhole) {
  const TempFolder folder;
  for (const char* name : {"b", "a", ".hidden"}) {
    folder.put(name, "");
  }
  const Descriptor directory(::open(folder.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto names = names_of(directory, "it");
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(*names, (Listed{".hidden", "a", "b"}));
  EXPECT_EQ(::fcntl(directory.get(), F_GETFD), FD_CLOEXEC) << "it stays open";
}

TEST(DirectoryListing, OfAFileIsAnError) {
  const TempFolder folder;
  const Descriptor file(::open(folder.put("a", "x").c_str(), O_RDONLY | O_CLOEXEC));
  const auto names = names_of(file, "it");
  ASSERT_FALSE(names.ok());
  EXPECT_EQ(names.error().code, Errc::storage);
  EXPECT_EQ(names.error().message, "it: Not a directory");
  EXPECT_EQ(names_of(Descriptor(-1), "it").error().message, "it: Bad file descriptor");
}

TEST(DirectoryListing, ThatFailsOnItsWayIsAnErrorAndNotAShorterOne) {
  const TempFolder folder;
  folder.put("a", "");
  const std::string message = folder.root() + ": Input/output error";
  for (const int count : {0, 1, 3}) {  // "a", "." and ".." are three, and the end comes after them
    const auto names = with_entries(count, [&] { return names_in(folder.root()); });
    ASSERT_FALSE(names.ok()) << count;
    EXPECT_EQ(names.error().code, Errc::storage);
    EXPECT_EQ(names.error().message, message);
    const auto trusted = with_entries(count, [&] { return check_own_folder(folder.root()); });
    ASSERT_FALSE(trusted.ok()) << count;
    EXPECT_EQ(trusted.error().code, Errc::storage);
    EXPECT_EQ(trusted.error().message, message);
  }
  const auto names = with_entries(4, [&] { return names_in(folder.root()); });
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(*names, Listed{"a"});
}

}  // namespace
}  // namespace fd
