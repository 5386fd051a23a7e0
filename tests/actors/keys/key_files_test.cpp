#include "actors/keys/key_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/broken_listing.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

/// A folder as keygen makes it, with as many workers as a test wants.
class KeyFiles : public testing::Test {
 protected:
  KeyFiles() {
    for (const char* sub : {"allowed", "workers"}) {
      EXPECT_TRUE(make_directories(folder_.at(sub)).ok());
    }
    put_secret("coordinator.secret", coordinator_.secret);
    put("coordinator.public", key_file_text(coordinator_.public_key));
  }
  void put(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    ::chmod(folder_.put(name, text).c_str(), mode);
  }
  void put_secret(const std::string& name, const CurveSecretKey& secret) const {
    put(name, key_file_text(secret));
  }
  CurveKeyPair add_worker(const std::string& name) const {
    CurveKeyPair pair = make_curve_key_pair().value();
    EXPECT_TRUE(make_directories(folder_.at("workers/" + name)).ok());
    put_secret("workers/" + name + "/" + name + ".secret", pair.secret);
    put("workers/" + name + "/coordinator.public", key_file_text(coordinator_.public_key));
    put("allowed/" + name + ".public", key_file_text(pair.public_key));
    return pair;
  }
  /// Expects `result` to be refused, with `where` and `why` in what it says, and no secret.
  template <class T>
  void expect_refused(const Result<T>& result, const std::string& where,
                      const std::string& why) const {
    ASSERT_FALSE(result.ok()) << why;
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_EQ(result.error().message, folder_.at(where) + ": " + why);
    EXPECT_EQ(result.error().message.find(coordinator_.secret.reveal()), std::string::npos);
  }

  TempFolder folder_;
  CurveKeyPair coordinator_ = make_curve_key_pair().value();
};

TEST_F(KeyFiles, OneFolderServesBothSides) {
  const CurveKeyPair worker = add_worker("worker");
  const auto at_coordinator = load_coordinator_keys(folder_.root());
  ASSERT_TRUE(at_coordinator.ok()) << at_coordinator.error().message;
  EXPECT_EQ(at_coordinator->own.public_key, coordinator_.public_key);
  EXPECT_EQ(at_coordinator->users, (AllowList::Users{{worker.public_key, "worker"}}));
  for (const std::string& folder : {folder_.root(), folder_.at("workers/worker")}) {
    const auto at_worker = load_worker_keys(folder, std::nullopt);
    ASSERT_TRUE(at_worker.ok()) << at_worker.error().message;
    EXPECT_EQ(at_worker->user, "worker");
    EXPECT_EQ(at_worker->own.public_key, worker.public_key);
    EXPECT_EQ(at_worker->server, coordinator_.public_key);
  }
}

TEST_F(KeyFiles, TheWorkersNameChoosesTheKey) {
  add_worker("gpu");
  EXPECT_EQ(load_worker_keys(folder_.root(), std::nullopt)->user, "gpu");
  add_worker("gpu-rack");
  EXPECT_EQ(load_worker_keys(folder_.root(), "gpu-7")->user, "gpu");
  EXPECT_EQ(load_worker_keys(folder_.root(), "gpu-rack-7")->user, "gpu-rack");
  expect_refused(load_worker_keys(folder_.root(), "other"), "workers",
                 "has no key for a worker called other: its name is that of its key, or begins "
                 "with it and '-'");
  expect_refused(load_worker_keys(folder_.root(), std::nullopt), "workers",
                 "has the keys of several workers: say which with --name, or give " +
                     folder_.at("workers/gpu"));
  add_worker("worker");
  EXPECT_EQ(load_worker_keys(folder_.root(), std::nullopt)->user, "worker");
}

TEST_F(KeyFiles, AUserMayHaveTwoKeysWhileOneIsReplaced) {
  const CurveKeyPair old_key = add_worker("gpu");
  const CurveKeyPair new_key = make_curve_key_pair().value();
  put("allowed/gpu.public", "# the next one\n" + key_file_text(new_key.public_key) + "\n" +
                                key_file_text(old_key.public_key));
  EXPECT_EQ(*load_allow_list(folder_.root()),
            (AllowList::Users{{old_key.public_key, "gpu"}, {new_key.public_key, "gpu"}}));
}

TEST_F(KeyFiles, TheNumberOfAUsersKeysIsBounded) {
  std::string text;
  for (std::size_t i = 0; i < kKeysPerUserMax; ++i) {
    text += key_file_text(make_curve_key_pair()->public_key);
  }
  put("allowed/gpu.public", text);
  EXPECT_EQ(load_allow_list(folder_.root())->size(), kKeysPerUserMax);
  put("allowed/gpu.public", text + key_file_text(make_curve_key_pair()->public_key));
  expect_refused(load_allow_list(folder_.root()), "allowed/gpu.public",
                 "must have 1 to 8 keys, has 9");
  put("allowed/gpu.public", "# none\n");
  expect_refused(load_allow_list(folder_.root()), "allowed/gpu.public",
                 "must have 1 to 8 keys, has 0");
}

TEST_F(KeyFiles, OneKeyCannotBeTwoUsers) {
  const CurveKeyPair key = add_worker("gpu");
  put("allowed/other.public", key_file_text(key.public_key));
  expect_refused(load_allow_list(folder_.root()), "allowed/other.public", "has a key of gpu too");
}

TEST_F(KeyFiles, AListThatCannotBeReadToItsEndIsNotAShorterOne) {
  add_worker("gpu");
  for (const int count : {0, 1, 3}) {  // the user, "." and ".." are three; the end comes after them
    testing_support::entries_left = count;
    const auto users = load_allow_list(folder_.root());
    testing_support::entries_left = -1;
    ASSERT_FALSE(users.ok()) << count;
    EXPECT_EQ(users.error().code, Errc::storage);
    EXPECT_EQ(users.error().message,
              folder_.at("allowed") + ": cannot be read: Input/output error");
  }
  testing_support::entries_left = 4;
  EXPECT_EQ(load_allow_list(folder_.root())->size(), 1u);
  testing_support::entries_left = -1;
}

TEST_F(KeyFiles, NamesOfTheListAreChecked) {
  for (const char* name : {"local", "local-0", "coordinator", "a b", "-a"}) {
    put("allowed/" + std::string(name) + ".public", key_file_text(coordinator_.public_key));
    EXPECT_EQ(load_allow_list(folder_.root()).error().code, Errc::refused) << name;
    ::unlink(folder_.at("allowed/" + std::string(name) + ".public").c_str());
  }
  EXPECT_TRUE(check_user_name(std::string(kUserNameMax, 'a')).ok());
  EXPECT_FALSE(check_user_name(std::string(kUserNameMax + 1, 'a')).ok());
}

TEST_F(KeyFiles, J06ASecretThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    ::chmod(folder_.at("coordinator.secret").c_str(), mode);
    expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret",
                   "others can read this secret key: chmod 600");
  }
  ::chmod(folder_.at("coordinator.secret").c_str(), 0400);
  EXPECT_TRUE(load_coordinator_keys(folder_.root()).ok());
}

TEST_F(KeyFiles, J06ASecretOfAnotherOwnerIsRefused) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give a file away";
  }
  ASSERT_EQ(::chown(folder_.at("coordinator.secret").c_str(), 12345, 0), 0);
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret",
                 "belongs to another user");
}

TEST_F(KeyFiles, J06AListThatOthersCanChangeIsRefused) {
  add_worker("gpu");
  ::chmod(folder_.at("allowed/gpu.public").c_str(), 0622);
  expect_refused(load_allow_list(folder_.root()), "allowed/gpu.public",
                 "others can change what is in here: chmod go-w");
  ::chmod(folder_.at("allowed/gpu.public").c_str(), 0644);
  ::chmod(folder_.at("allowed").c_str(), 0770);
  expect_refused(load_allow_list(folder_.root()), "allowed",
                 "others can change what is in here: chmod go-w");
  ::chmod(folder_.at("allowed").c_str(), 0755);
  EXPECT_TRUE(load_allow_list(folder_.root()).ok());
}

TEST_F(KeyFiles, J06KeysOfTheOtherKindAreRefused) {
  put("coordinator.secret", key_file_text(coordinator_.public_key));
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret",
                 "a public key where a secret one is expected");
  put("coordinator.secret", coordinator_.public_key.z85);
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret",
                 "no line 'curve-secret KEY'");
  put_secret("coordinator.secret", coordinator_.secret);
  put("coordinator.public", key_file_text(coordinator_.secret));
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.public",
                 "a secret key where a public one is expected");
}

TEST_F(KeyFiles, J06WrongLengthAndBadZ85AreRefusedWithThePath) {
  put("coordinator.secret", "curve-secret " + coordinator_.secret.reveal().substr(1) + "\n");
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret",
                 "a key has 40 characters, this has 39");
  put("coordinator.secret", "curve-secret ~" + coordinator_.secret.reveal().substr(1) + "\n");
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret",
                 "this is no Z85 text");
  put("coordinator.secret", "");
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret",
                 "must have one line 'curve-secret KEY'");
}

TEST_F(KeyFiles, J06APublicKeyOfAnotherSecretIsRefused) {
  put("coordinator.public", key_file_text(make_curve_key_pair()->public_key));
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.public",
                 "is not the public key of coordinator.secret");
}

TEST_F(KeyFiles, APipeUnderAKeysNameDoesNotHoldTheProgramUp) {
  ::unlink(folder_.at("coordinator.secret").c_str());
  ASSERT_EQ(::mkfifo(folder_.at("coordinator.secret").c_str(), 0600), 0);
  expect_refused(load_coordinator_keys(folder_.root()), "coordinator.secret", "is no regular file");
}

TEST_F(KeyFiles, TheSizeOfAFileIsBounded) {
  const std::string key = key_file_text(coordinator_.public_key);
  const auto filled = [&](std::size_t size) {
    return key + "#" + std::string(size - key.size() - 1, 'x');
  };
  put("allowed/gpu.public", filled(kKeyFileBytesMax));
  EXPECT_TRUE(load_allow_list(folder_.root()).ok());
  put("allowed/gpu.public", filled(kKeyFileBytesMax + 1));
  expect_refused(load_allow_list(folder_.root()), "allowed/gpu.public",
                 "is too long for keys (more than 4096 bytes)");
}

TEST_F(KeyFiles, AMissingFolderIsNotFound) {
  EXPECT_EQ(load_coordinator_keys(folder_.at("none")).error().code, Errc::not_found);
  EXPECT_EQ(load_worker_keys(folder_.at("none"), std::nullopt).error().code, Errc::not_found);
}

TEST(LocalKeys, GoToTheWorkerAsTextAndBack) {
  const CurveKeyPair own = make_curve_key_pair().value();
  const CurveKeyPair server = make_curve_key_pair().value();
  const auto read = parse_local_keys(local_keys_text(own, server.public_key));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->user, "local");
  EXPECT_EQ(read->own.secret.reveal(), own.secret.reveal());
  EXPECT_EQ(read->server, server.public_key);
  EXPECT_FALSE(parse_local_keys("").ok());
}

}  // namespace
}  // namespace fd
