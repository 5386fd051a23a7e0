#include "actors/system/shell_text.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(ShellWord, LeavesPlainWordsAndQuotesTheOthers) {
  EXPECT_EQ(shell_word("/runs/text2sql-0a1b_c.d"), "/runs/text2sql-0a1b_c.d");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("my runs"), "'my runs'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
}

TEST(EnvironmentVariable, AnEmptyOneIsSetAndAMissingOneIsNot) {
  ::setenv("FD_SHELL_TEXT_TEST", "", 1);
  EXPECT_EQ(environment_variable("FD_SHELL_TEXT_TEST"), "");
  ::unsetenv("FD_SHELL_TEXT_TEST");
  EXPECT_EQ(environment_variable("FD_SHELL_TEXT_TEST"), std::nullopt);
}

}  // namespace
}  // namespace fd
