#include "coordinator/ingest/databases.hpp"

#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/coordinator/ingest/ingest_support.hpp"

namespace fd {
namespace {

using testing_support::database_bytes;
using testing_support::IngestJob;
using testing_support::row_line;

/// Returns why a row that names this database is refused.
std::string why_database(IngestJob& here, std::string_view path) {
  json::Object row{{"schema", "s"}, {"instruction", "i"}, {"db_path", path}};
  return here.why_refused(json::canonical(json::Value(std::move(row))));
}

TEST(IngestDatabases, MayNotLeaveTheFolderOfTheInput) {
  IngestJob here;
  for (const std::string path : {"/etc/passwd", "..", "../a.sqlite", "x/../../a.sqlite", "x/.."}) {
    EXPECT_EQ(why_database(here, path),
              "database '" + path + "' leaves the input's folder; paths are relative to it");
  }
  const std::string zero("a.sqlite\0", 9);
  EXPECT_EQ(why_database(here, zero), R"(database 'a.sqlite\x00' has a zero byte in its name)");
  EXPECT_EQ(why_database(here, ""), "the database's path is empty");
}

/// Sets of the Hugging Face cache, of DVC and of datalad are folders of links.
TEST(IngestDatabases, MayBeLinksThatLeadAnywhere) {
  IngestJob here;
  const testing_support::TempFolder outside;
  outside.put("b.sqlite", database_bytes('b'));
  ASSERT_EQ(::symlink(outside.at("b.sqlite").c_str(), here.folder.at("file").c_str()), 0);
  ASSERT_EQ(::symlink(outside.root().c_str(), here.folder.at("folder").c_str()), 0);
  here.put_rows({R"({"schema":"s","instruction":"i","db_path":"file"})",
                 R"({"schema":"s","instruction":"j","db_path":"folder/b.sqlite"})"});
  EXPECT_EQ(done(here).databases.at(0).digest, sha256(database_bytes('b')).hex());
  EXPECT_EQ(why_database(here, "folder/../a.sqlite"),
            "database 'folder/../a.sqlite' leaves the input's folder; paths are relative to it");
  ASSERT_EQ(::symlink("../gone", here.folder.at("dangling").c_str()), 0);
  EXPECT_EQ(why_database(here, "dangling"),
            "database 'dangling': is a link to '../gone', which is not there (looked in '" +
                here.folder.root() + "')");
}

TEST(IngestDatabases, HaveNoChangesWaitingBesideTheirLinks) {
  IngestJob here;
  const testing_support::TempFolder outside;
  outside.put("blob", database_bytes('b'));
  ASSERT_EQ(::symlink(outside.at("blob").c_str(), here.folder.at("b.sqlite").c_str()), 0);
  here.folder.put("b.sqlite-wal", "x");
  EXPECT_TRUE(why_database(here, "b.sqlite").starts_with("database 'b.sqlite' has changes"));
  here.folder.put("b.sqlite-wal", "");
  outside.put("blob-wal", "x");
  EXPECT_TRUE(why_database(here, "b.sqlite").starts_with("database 'b.sqlite' has changes"));
}

TEST(IngestDatabases, MayBeAbsolutePathsInsideTheFolder) {
  IngestJob here;
  const auto row = [](const std::string& path) {
    return json::canonical(json::Object{{"schema", "s"}, {"instruction", path}, {"db_path", path}});
  };
  here.put_rows({row(here.folder.at("a.sqlite")), row("a.sqlite")});
  EXPECT_EQ(done(here).databases.size(), 1u);
  const testing_support::TempFolder beside;  // the input by a link, the row by the folder's name
  ASSERT_EQ(::symlink(here.folder.root().c_str(), beside.at("set").c_str()), 0);
  here.inputs = {{beside.at("set/samples.jsonl")}};
  here.put_rows({row(here.folder.at("a.sqlite")), row(beside.at("set/a.sqlite"))});
  EXPECT_EQ(done(here).databases.size(), 1u);
  here.inputs = {{here.folder.at("samples.jsonl")}};
  for (const std::string& path :
       {here.folder.root() + "x/a.sqlite", here.folder.root() + "/../a.sqlite"}) {
    EXPECT_EQ(why_database(here, path),
              "database '" + path + "' leaves the input's folder; paths are relative to it");
  }
}

TEST(IngestDatabases, AreNoPointersOfGitLfs) {
  IngestJob here;
  here.folder.put("b.sqlite", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n");
  EXPECT_EQ(why_database(here, "b.sqlite"),
            "database 'b.sqlite' is a Git LFS pointer, not the file itself; fetch it: git lfs "
            "pull");
}

TEST(IngestDatabases, MayBeLinksInsideTheFolder) {
  IngestJob here;
  ASSERT_TRUE(make_directories(here.folder.at("x..y")).ok());
  ASSERT_EQ(::symlink("../a.sqlite", here.folder.at("x..y/link").c_str()), 0);
  here.put_rows({R"({"schema":"s","instruction":"i","db_path":"x..y/link"})"});
  EXPECT_EQ(done(here).databases.at(0).digest, sha256(database_bytes('a')).hex());
}

TEST(IngestDatabases, AreFilesOfSqlite) {
  IngestJob here;
  here.folder.put("text", "SQLite format 2");
  here.folder.put("empty", "");
  ASSERT_EQ(::mkfifo(here.folder.at("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(make_directories(here.folder.at("folder")).ok());
  EXPECT_EQ(why_database(here, "text"), "database 'text' is no SQLite database");
  EXPECT_EQ(why_database(here, "empty"), "database 'empty' is no SQLite database");
  EXPECT_EQ(why_database(here, "pipe"), "database 'pipe' is no regular file");
  EXPECT_EQ(why_database(here, "folder"), "database 'folder' is no regular file");
  EXPECT_EQ(why_database(here, "none"),
            "database 'none': No such file or directory (looked in '" + here.folder.root() + "')");
  EXPECT_EQ(why_database(here, ".\\a.sqlite"),
            "database '.\\a.sqlite': No such file or directory (looked in '" + here.folder.root() +
                "'); paths are written with '/', not with '\\'");
}

TEST(IngestDatabases, AreWhole) {
  IngestJob here;
  std::string bytes = database_bytes('b');
  bytes[31] = 2;  // two pages, of which one is there
  here.folder.put("cut", bytes);
  EXPECT_EQ(why_database(here, "cut"),
            "database 'cut' is damaged: database disk image is malformed");
  bytes = database_bytes('b');
  bytes[105] = 1;  // where the cells begin, within what is free
  here.folder.put("page", bytes);
  EXPECT_EQ(why_database(here, "page").rfind("database 'page' is damaged: ", 0), 0u)
      << why_database(here, "page");
}

TEST(IngestDatabases, HaveNoChangesWaitingBesideThem) {
  const std::string advice =
      "'; close the program that writes it, or open it once with sqlite3 and run: PRAGMA "
      "journal_mode=DELETE";
  for (const std::string end : {"-wal", "-journal"}) {
    IngestJob here;
    here.folder.put("a.sqlite" + end, "x");
    here.put_rows({row_line("i")});
    EXPECT_TRUE(here.refusal().message.ends_with(
        ":1: database 'a.sqlite' has changes that are not in it yet, in 'a.sqlite" + end + advice));
    here.folder.put("a.sqlite" + end, "");
    EXPECT_EQ(done(here).unique, 1u);
  }
}

TEST(IngestDatabases, AreNamedByTheRow) {
  IngestJob here;
  EXPECT_EQ(here.why_refused(R"({"schema":"s","instruction":"i"})"),
            "missing field 'db_path', which names the database");
  EXPECT_EQ(here.why_refused(R"({"schema":"s","instruction":"i","db_path":null})"),
            "field 'db_path', which names the database, must be text, got null");
  EXPECT_EQ(here.why_refused(row_line("i").replace(row_line("i").find("\"SELECT 1\""), 10, "1")),
            "field 'gold_sql' must be text or a list of texts, got a number");
}

}  // namespace
}  // namespace fd
