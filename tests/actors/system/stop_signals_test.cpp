#include "actors/system/stop_signals.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "actors/system/process.hpp"

namespace fd {
namespace {

/// Each case is a process of its own: signals are the whole process's.
class StopSignalsDeathTest : public testing::Test {
 protected:
  StopSignalsDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

[[noreturn]] void stuck() {
  ::alarm(30);  // a process that nothing else ends
  for (;;) {
    ::pause();
  }
}

void wait_for(const Drain& drain, int number) {
  while (drain.signal() != number) {
    ::usleep(1000);
  }
}

TEST_F(StopSignalsDeathTest, EndsAProcessWhoseMainThreadIsStuck) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        ::kill(::getpid(), SIGINT);
        stuck();
      },
      testing::ExitedWithCode(130), "^stopped\n$");
}

TEST_F(StopSignalsDeathTest, SaysTheLatestWords) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        signals.say("nothing was paid");
        signals.say("to go on: resume");
        ::kill(::getpid(), SIGTERM);
        stuck();
      },
      testing::ExitedWithCode(143), "^stopped; to go on: resume\n$");
}

TEST_F(StopSignalsDeathTest, LeavesTheFirstSignalToADrainAndEndsAtTheSecond) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        signals.say("to go on: resume");
        Drain drain(signals);
        drain.under_way(3);
        ::kill(::getpid(), SIGINT);
        wait_for(drain, SIGINT);
        ::kill(::getpid(), SIGTERM);
        stuck();
      },
      testing::ExitedWithCode(143),
      "^stopped at once; calls under way, which may be billed: 3; to go on: resume\n$");
}

TEST_F(StopSignalsDeathTest, TellsTheHolderOfAFinishedDrainThatItWasAskedToEnd) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        Drain drain(signals);
        ::kill(::getpid(), SIGINT);
        wait_for(drain, SIGINT);
        std::_Exit(drain.finish());
      },
      testing::ExitedWithCode(SIGINT), "^$");
}

TEST_F(StopSignalsDeathTest, EndsTheProcessAfterADrain) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        { const Drain drain(signals); }
        ::kill(::getpid(), SIGTERM);
        stuck();
      },
      testing::ExitedWithCode(143), "^stopped\n$");
}

TEST_F(StopSignalsDeathTest, WaitsForNobodyToReadStandardError) {
  EXPECT_EXIT(
      {
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_NONBLOCK), 0);
        while (::write(ends[1], "x", 1) == 1) {
        }
        ASSERT_EQ(::fcntl(ends[1], F_SETFL, 0), 0);
        ASSERT_EQ(::dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
        StopSignals signals;
        ::kill(::getpid(), SIGINT);
        stuck();
      },
      testing::ExitedWithCode(130), "");
}

TEST_F(StopSignalsDeathTest, LeavesOtherSignalsToThoseThatWaitForThem) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        const sigset_t other = signal_set({SIGUSR1});
        block_signals(other);
        ::kill(::getpid(), SIGUSR1);
        std::_Exit(next_signal(other, std::chrono::seconds(30)));
      },
      testing::ExitedWithCode(SIGUSR1), "^$");
}

}  // namespace
}  // namespace fd
