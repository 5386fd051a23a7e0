#include "worker/worker_options.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>

namespace fd {
namespace {

Result<WorkerSettings> settings(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "--connect=tcp://127.0.0.1:5555");
  FD_TRY(const ParsedCommand parsed, parse_command(worker_command(), arguments));
  return worker_settings(parsed);
}

TEST(WorkerOptions, DefaultsServeNobodyAndLeaveThePaceToTheRun) {
  const auto all = settings({});
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all->endpoint, "tcp://127.0.0.1:5555");
  EXPECT_EQ(all->peer_listen, std::nullopt);
  EXPECT_FALSE(all->keys.has_value());
  EXPECT_EQ(all->options.loop.core.slots_max, 0u);
  EXPECT_EQ(all->options.loop.core.drain, std::chrono::seconds(25));
  EXPECT_EQ(all->options.loop.database_cache_bytes, 8192ull << 20);
  EXPECT_EQ(all->level, LogLevel::info);
}

TEST(WorkerOptions, WithoutTheTeacherAWorkerServesOthers) {
  EXPECT_EQ(settings({"--stages=exec"})->peer_listen, "tcp://127.0.0.1:*");
  EXPECT_EQ(settings({"--stages=teacher", "--peer-listen=tcp://127.0.0.1:1"}).error().message,
            "--peer-listen: there is nothing to serve with --stages teacher alone");
}

TEST(WorkerOptions, ANameHasOneTo64BytesAndIsNotThatOfALocalWorker) {
  const std::string length = "--name: must have 1 to 64 bytes of UTF-8";
  EXPECT_EQ(settings({"--name=" + std::string(64, 'x')})->state.name, std::string(64, 'x'));
  EXPECT_EQ(settings({"--name=" + std::string(65, 'x')}).error().message, length);
  EXPECT_EQ(settings({"--name="}).error().message, length);
  EXPECT_EQ(settings({"--name=\xff"}).error().message, length);
  const std::string local = std::string(kLocalWorkerPrefix) + "0";
  EXPECT_EQ(settings({"--name=" + local}).error().message,
            "--name: " + std::string(kLocalWorkerPrefix) +
                "... are the workers that a coordinator starts itself");
}

TEST(WorkerOptions, AnotherMachineIsReachedWithKeysOrWhenPlaintextIsAllowed) {
  const auto to = [](std::vector<std::string> arguments) {
    arguments.push_back("--connect=tcp://192.0.2.1:5555");
    return worker_settings(*parse_command(worker_command(), arguments));
  };
  EXPECT_EQ(to({}).error().code, Errc::refused);
  EXPECT_TRUE(to({"--allow-plaintext"}).ok());
}

TEST(WorkerOptions, AWorkerOfAParentThatHasEndedDoesNotStart) {
  const auto orphan = settings({"--parent-pid=2147483647"});
  ::prctl(PR_SET_PDEATHSIG, 0);  // the test goes on
  EXPECT_EQ(orphan.error().message, "the parent process has ended already");
}

}  // namespace
}  // namespace fd
