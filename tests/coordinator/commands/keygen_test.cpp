#include "coordinator/commands/keygen.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/keys/key_files.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

TEST(Keygen, OneFolderServesAsItIsForBothSides) {
  const TempFolder folder;
  const auto made = make_keys(folder.at("keys"), {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto coordinator = load_coordinator_keys(folder.at("keys"));
  ASSERT_TRUE(coordinator.ok()) << coordinator.error().message;
  const auto worker = load_worker_keys(folder.at("keys"), std::nullopt);
  ASSERT_TRUE(worker.ok()) << worker.error().message;
  EXPECT_EQ(worker->server, coordinator->own.public_key);
  EXPECT_EQ(coordinator->users, (AllowList::Users{{worker->own.public_key, "worker"}}));
}

TEST(Keygen, J06SecretsAreForTheOwnerAloneAndAreNotPrinted) {
  const TempFolder folder;
  const auto made = make_keys(folder.root(), {"a"});
  ASSERT_TRUE(made.ok());
  std::string printed;
  for (const std::string& line : made->lines) {
    printed += line + "\n";
  }
  for (const char* name : {"coordinator.secret", "workers/a/a.secret"}) {
    struct stat status {};
    ASSERT_EQ(::stat(folder.at(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, mode_t{0600}) << name;
    const auto pair = read_secret_key(folder.at(name));
    ASSERT_TRUE(pair.ok());
    EXPECT_EQ(printed.find(pair->secret.reveal()), std::string::npos) << name;
    EXPECT_NE(printed.find(pair->public_key.z85), std::string::npos) << name;
  }
}

TEST(Keygen, AgainAddsNewNamesAndReplacesNothing) {
  const TempFolder folder;
  ASSERT_TRUE(make_keys(folder.root(), {"a"}).ok());
  const std::string coordinator = folder.bytes("coordinator.secret");
  const std::string first = folder.bytes("workers/a/a.secret");
  ASSERT_TRUE(make_keys(folder.root(), {"a", "b"}).ok());
  EXPECT_EQ(folder.bytes("coordinator.secret"), coordinator);
  EXPECT_EQ(folder.bytes("workers/a/a.secret"), first);
  EXPECT_EQ(load_coordinator_keys(folder.root())->users.size(), 2u);
  EXPECT_TRUE(load_worker_keys(folder.at("workers/b"), std::nullopt).ok());
}

TEST(Keygen, AKeyThatWasTakenOffTheListStaysOff) {
  const TempFolder folder;
  ASSERT_TRUE(make_keys(folder.root(), {"a"}).ok());
  ASSERT_EQ(::unlink(folder.at("allowed/a.public").c_str()), 0);
  ASSERT_TRUE(make_keys(folder.root(), {"a"}).ok());
  EXPECT_TRUE(load_allow_list(folder.root())->empty());
}

TEST(Keygen, NamesThatCouldBeAnythingElseAreRefusedBeforeAnythingIsMade) {
  const TempFolder folder;
  for (const char* name : {"", "../x", "local", "local-1", "coordinator", "a/b", ".a"}) {
    const auto made = make_keys(folder.at("keys"), {name});
    ASSERT_FALSE(made.ok()) << name;
    EXPECT_EQ(made.error().code, Errc::invalid_input) << name;
  }
  EXPECT_FALSE(file_exists(folder.at("keys")));
}

TEST(Keygen, J06AnUnsoundKeyThatIsThereIsReportedNotReplaced) {
  const TempFolder folder;
  ASSERT_TRUE(make_keys(folder.root(), {}).ok());
  const std::string text = folder.bytes("coordinator.public");
  ::chmod(folder.put("coordinator.secret", text).c_str(), 0600);
  const auto made = make_keys(folder.root(), {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::refused);
  EXPECT_EQ(made.error().message,
            folder.at("coordinator.secret") + ": a public key where a secret one is expected");
  EXPECT_EQ(folder.bytes("coordinator.secret"), text);
}

}  // namespace
}  // namespace fd
