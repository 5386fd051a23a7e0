#include "actors/system/process.hpp"

#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(Process, ABlockedSignalWaitsUntilItIsTaken) {
  const sigset_t signals = signal_set({SIGUSR1, SIGUSR2});
  block_signals(signals);
  EXPECT_LT(next_signal(signals, std::chrono::milliseconds(0)), 1);
  ASSERT_EQ(std::raise(SIGUSR2), 0);
  EXPECT_LT(next_signal(signal_set({SIGUSR1}), std::chrono::milliseconds(0)), 1);
  EXPECT_EQ(next_signal(signals, std::chrono::milliseconds(1500)), SIGUSR2);
  EXPECT_LT(next_signal(signals, std::chrono::milliseconds(0)), 1);
}

TEST(ProcessDeathTest, AWaitForSignalsIsLeftWhenSomethingElseHappens) {
  EXPECT_EXIT(
      {
        set_up_process();
        wake_signal_wait();  // before the wait, and during it
        const int before = next_signal(signal_set({SIGUSR1}), std::chrono::minutes(10));
        std::thread other([] { wake_signal_wait(); });
        const int during = next_signal(signal_set({SIGUSR1}), std::chrono::minutes(10));
        other.join();
        std::_Exit(before == 0 && during == 0 ? 3 : 4);
      },
      testing::ExitedWithCode(3), "");
}

TEST(Process, AFailureNamesTheProgramAndKeepsTheCode) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(fail("fd-tool", Error{Errc::storage, "disk: is full"}, 7), 7);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "fd-tool: disk: is full\n");
}

}  // namespace
}  // namespace fd
