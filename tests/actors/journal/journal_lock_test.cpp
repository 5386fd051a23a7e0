#include "actors/journal/journal_lock.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

TEST(JournalLock, SecondHolderIsToldThatTheFolderIsBusy) {
  const TempFolder folder;
  {
    const auto first = lock_journals(folder.root());
    ASSERT_TRUE(first.ok()) << first.error().message;
    const auto second = lock_journals(folder.root());
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Errc::busy);
    EXPECT_EQ(second.error().message, folder.root() + ": another process writes journals there");
  }
  EXPECT_TRUE(lock_journals(folder.root()).ok());
}

TEST(JournalLock, FolderThatIsMissingIsAStorageError) {
  const TempFolder folder;
  const auto lock = lock_journals(folder.at("none"));
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().code, Errc::storage);
}

}  // namespace
}  // namespace fd
