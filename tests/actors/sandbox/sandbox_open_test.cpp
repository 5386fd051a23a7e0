#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/actors/sandbox/test_database.hpp"

namespace fd {
namespace {

Errc open_error(const std::string& path) {
  const auto opened = open_sqlite_sandbox(path);
  EXPECT_FALSE(opened.ok()) << path;
  return opened.ok() ? Errc::busy : opened.error().code;
}

TEST(SandboxOpen, MissingDatabaseIsNotFoundAndNotCreated) {
  const TestDatabase database("CREATE TABLE t(a)");
  const std::string path = database.folder() + "/missing.sqlite";
  EXPECT_EQ(open_error(path), Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SandboxOpen, J14AnOldSqliteIsRefused) {
  EXPECT_TRUE(check_sqlite_library().ok());
  EXPECT_TRUE(check_sqlite_library(kSqliteMin).ok());
  const auto old = check_sqlite_library(3039004);
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().code, Errc::refused);
  EXPECT_EQ(old.error().message,
            "SQLite 3.39.4 was found, at least 3.40.0 is needed: an older one is no sandbox");
}

TEST(SandboxOpen, OnlyRegularFilesAreOpened) {
  const TestDatabase database("CREATE TABLE t(a)");
  const std::string link = database.folder() + "/link";
  ASSERT_EQ(::symlink(database.path().c_str(), link.c_str()), 0);
  EXPECT_EQ(open_error(link), Errc::corrupt);
  const std::string pipe = database.folder() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(open_error(pipe), Errc::corrupt);
  EXPECT_EQ(open_error(database.folder()), Errc::corrupt);
  EXPECT_EQ(open_error("/dev/null"), Errc::corrupt);
}

TEST(SandboxOpen, WhatIsNoDatabaseIsCorrupt) {
  const TestDatabase database("CREATE TABLE t(a)");
  const std::string path = database.folder() + "/text";
  std::ofstream(path) << std::string(4096, 'x');
  EXPECT_EQ(open_error(path), Errc::corrupt);
}

TEST(SandboxOpen, PathsMayHoldWhatUrisGiveAMeaning) {
  const TestDatabase database("CREATE TABLE t(a); INSERT INTO t VALUES (7)",
                              "a b?mode=rwc&x#%41\xC3\xA9.sqlite");
  const auto sandbox = database.open();
  ASSERT_NE(sandbox, nullptr);
  EXPECT_EQ(sandbox->run("SELECT a FROM t", {}).rows, std::vector<std::string>{"I7;"});
  EXPECT_EQ(database.files().size(), 1u);
}

void flip_pages_behind_the_first(const TestDatabase& database) {
  std::string bytes = database.bytes();
  ASSERT_GT(bytes.size(), 8192u);
  for (std::size_t i = 4096; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
  }
  std::ofstream(database.path(), std::ios::binary) << bytes;
}

TEST(SandboxOpen, BrokenPagesAreTroubleAndNotAnErrorOfTheQuery) {
  const TestDatabase database(kUsersScript);
  flip_pages_behind_the_first(database);
  const auto sandbox = database.open();
  ASSERT_NE(sandbox, nullptr);
  for (int i = 0; i < 2; ++i) {
    const auto result = sandbox->try_run("SELECT * FROM users");
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Errc::corrupt);
    EXPECT_EQ(result.error().message, database.path() + ": database disk image is malformed");
    EXPECT_EQ(sandbox->run("SELECT 1", {}).status, ExecStatus::ok);
  }
}

TEST(SandboxOpen, ADatabaseThatIsGoneWhenItIsOpenedAgainIsTrouble) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  SqlLimits limits;
  limits.max_heap_bytes = 2000;
  EXPECT_EQ(sandbox->run("SELECT n FROM numbers ORDER BY n", limits).status,
            ExecStatus::heap_limit);  // the connection is given up
  std::filesystem::rename(database.path(), database.path() + ".away");
  const auto gone = sandbox->try_run("SELECT 1");
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Errc::not_found);
  std::filesystem::rename(database.path() + ".away", database.path());
  EXPECT_EQ(sandbox->run("SELECT 1", {}).rows, std::vector<std::string>{"I1;"});
}

TEST(SandboxOpen, TheCheckFindsPagesThatDoNotHangTogether) {
  const TestDatabase whole(kUsersScript);
  EXPECT_TRUE(check_sqlite_database(whole.path()).ok());
  const TestDatabase broken(kUsersScript);
  flip_pages_behind_the_first(broken);
  const auto checked = check_sqlite_database(broken.path());
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, Errc::corrupt);
  EXPECT_NE(checked.error().message.find(": Page "), std::string::npos) << checked.error().message;
}

TEST(SandboxOpen, TheCheckFindsAFileThatWasCutOff) {
  const TestDatabase database(kUsersScript);
  std::filesystem::resize_file(database.path(), std::filesystem::file_size(database.path()) / 2);
  const auto checked = check_sqlite_database(database.path());
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, Errc::corrupt);
}

TEST(SandboxOpen, ValuesThatAConstraintForbidsAreNoDamage) {
  const TestDatabase database(
      "PRAGMA ignore_check_constraints = ON; CREATE TABLE t(a NOT NULL, b CHECK (b > 0));"
      "INSERT INTO t VALUES (1, -1); PRAGMA writable_schema = ON;"
      "UPDATE sqlite_master SET sql = 'CREATE TABLE t(a NOT NULL, b NOT NULL)'");
  EXPECT_TRUE(check_sqlite_database(database.path()).ok());
  const TestDatabase owners(
      "CREATE TABLE t(a CHECK (length(a) > 0)); INSERT INTO t VALUES ('x');"
      "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = "
      "'CREATE TABLE t(a CHECK (my_own(a) > 0))'");
  EXPECT_TRUE(check_sqlite_database(owners.path()).ok());
}

TEST(SandboxOpen, EveryDamagedByteOfTheFirstPagesIsSurvived) {
  const TestDatabase database("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2, 'y');");
  const std::string whole = database.bytes();
  for (std::size_t at = 0; at < whole.size(); at += at < 256 ? 1 : 37) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
    std::ofstream(database.path(), std::ios::binary) << bytes;
    const auto opened = open_sqlite_sandbox(database.path());
    if (!opened.ok()) {
      EXPECT_TRUE(opened.error().code == Errc::corrupt || opened.error().code == Errc::storage)
          << at << opened.error().message;
      continue;
    }
    const auto ran = (*opened)->run("SELECT a, b FROM t", {}, {});
    EXPECT_TRUE(ran.ok() ? ran->status == ExecStatus::ok || ran->status == ExecStatus::parse_error
                         : ran.error().code == Errc::corrupt)
        << at << (ran.ok() ? name(ran->status) : ran.error().message);
  }
}

TEST(SandboxOpen, WideTablesLoadAlthoughTheirColumnsAreMoreThanAResultMayHave) {
  std::string script = "CREATE TABLE wide(c0";
  for (int i = 1; i < 300; ++i) {
    script += ", c" + std::to_string(i);
  }
  const TestDatabase database(script + "); INSERT INTO wide(c299) VALUES (5)");
  const auto sandbox = database.open();
  ASSERT_NE(sandbox, nullptr);
  EXPECT_EQ(sandbox->run("SELECT c299 FROM wide", {}).rows, std::vector<std::string>{"I5;"});
  EXPECT_EQ(sandbox->run("SELECT * FROM wide", {}).error_class, "too_complex");
}

TEST(SandboxOpen, VersionIsThatOfTheLibrary) {
  EXPECT_EQ(sqlite_version().substr(0, 2), "3.");
}

}  // namespace
}  // namespace fd
