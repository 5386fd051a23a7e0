#include <gtest/gtest.h>

#include "actors/transport/handshake_monitor.hpp"
#include "actors/transport/transport_limits.hpp"

namespace fd {
namespace {

using Kind = HandshakeEvent::Kind;
using Next = HandshakeJudge::Next;

constexpr Instant kStart{};
constexpr Duration kAtOnce = std::chrono::milliseconds(1);

TEST(HandshakeJudge, GivesUpAtTheFifthRefusalAndSaysSoOnce) {
  HandshakeJudge judge(true);
  for (std::uint32_t i = 1; i < kHandshakesRefusedMax; ++i) {
    EXPECT_EQ(judge.take(kStart, Kind::refused), Next::connect_again) << i;
  }
  EXPECT_EQ(judge.take(kStart, Kind::refused), Next::give_up);
  EXPECT_EQ(judge.take(kStart, Kind::refused), Next::wait);
}

TEST(HandshakeJudge, AServerThatCutsAtOnceHasAnotherKey) {
  HandshakeJudge judge(true);
  for (std::uint32_t i = 1; i < kHandshakesRefusedMax; ++i) {
    judge.take(kStart, Kind::connected);
    EXPECT_EQ(judge.take(kStart + kAtOnce, Kind::cut), Next::wait) << i;
  }
  judge.take(kStart, Kind::connected);
  EXPECT_EQ(judge.take(kStart + kAtOnce, Kind::cut), Next::give_up);
}

TEST(HandshakeJudge, AServerThatIsBusyIsWaitedFor) {
  HandshakeJudge judge(true);
  for (int i = 0; i < 100; ++i) {
    judge.take(kStart, Kind::connected);
    EXPECT_EQ(judge.take(kStart + std::chrono::milliseconds(kHandshakeMs), Kind::cut), Next::wait);
  }
  EXPECT_EQ(judge.failures(), 0u);
}

TEST(HandshakeJudge, AfterASuccessCutsMeanATroubledNetwork) {
  HandshakeJudge judge(true);
  judge.take(kStart, Kind::succeeded);
  for (int i = 0; i < 100; ++i) {
    judge.take(kStart, Kind::connected);
    EXPECT_EQ(judge.take(kStart + kAtOnce, Kind::cut), Next::wait);
  }
}

TEST(HandshakeJudge, ASuccessForgetsEarlierRefusals) {
  HandshakeJudge judge(true);
  for (std::uint32_t i = 1; i < kHandshakesRefusedMax; ++i) {
    judge.take(kStart, Kind::refused);
  }
  judge.take(kStart, Kind::succeeded);
  EXPECT_EQ(judge.take(kStart, Kind::refused), Next::connect_again);
}

TEST(HandshakeJudge, WithoutKeysOnlyAnotherMechanismCounts) {
  HandshakeJudge judge(false);
  for (std::uint32_t i = 1; i < kHandshakesRefusedMax; ++i) {
    judge.take(kStart, Kind::connected);
    EXPECT_EQ(judge.take(kStart + kAtOnce, Kind::cut), Next::wait);
    EXPECT_EQ(judge.take(kStart, Kind::mismatch), Next::connect_again);
  }
  EXPECT_EQ(judge.take(kStart, Kind::mismatch), Next::give_up);
}

TEST(HandshakeJudge, WaitsLongerFromTryToTryUpToABound) {
  EXPECT_EQ(reconnect_delay(0), std::chrono::milliseconds(kReconnectMs));
  EXPECT_EQ(reconnect_delay(1), std::chrono::milliseconds(2 * kReconnectMs));
  EXPECT_EQ(reconnect_delay(4), std::chrono::milliseconds(16 * kReconnectMs));
  EXPECT_EQ(reconnect_delay(5), std::chrono::milliseconds(kReconnectMaxMs));
  EXPECT_EQ(reconnect_delay(4000000000u), std::chrono::milliseconds(kReconnectMaxMs));
}

}  // namespace
}  // namespace fd
