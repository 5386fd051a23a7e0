#include "worker/peer_network.hpp"

#include <utility>

#include <gtest/gtest.h>

#include "tests/actors/transport/inbox.hpp"

namespace fd {
namespace {

CurveKeyPair new_pair() {
  return make_curve_key_pair().value();
}

PeerInfo info_of(const PeerNetwork& network, const std::string& name,
                 const std::string& endpoint = "") {
  PeerInfo info;
  info.name = name;
  info.endpoint = endpoint;
  info.key = network.public_key();
  return info;
}

TEST(PeerNetwork, LetsInWhomTheOrdersNameAndNobodyElse) {
  const PeerNetwork serving(ZmqContext::make().value(), new_pair(), false);
  const PeerNetwork known(ZmqContext::make().value(), new_pair(), false);
  const PeerNetwork later(ZmqContext::make().value(), new_pair(), false);
  Inbox inbox;
  const auto server = serving.listen("tcp://127.0.0.1:*", inbox.callback());
  ASSERT_TRUE(server.ok());
  const PeerInfo target = info_of(serving, "cpu", (*server)->endpoints().front());
  serving.known({info_of(known, "asks")});
  Inbox unused;
  const auto stranger = later.connect(target, unused.callback());
  ASSERT_TRUE(stranger.ok());
  (*stranger)->send("", "from later");
  const auto friendly = known.connect(target, unused.callback());
  ASSERT_TRUE(friendly.ok());
  (*friendly)->send("", "from known");
  auto received = inbox.wait_for(1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].bytes, "from known");
  EXPECT_EQ(received[0].user, "asks");
  // An order that names it comes later than its first attempts, however many they were. What was
  // sent meanwhile may be lost, as at any cut: whoever needs an answer asks again.
  serving.known({info_of(known, "asks"), info_of(later, "later")});
  for (int asked = 0; asked < 200 && received.size() < 2; ++asked) {
    (*stranger)->send("", "from later");
    received = inbox.wait_for(2, std::chrono::milliseconds(100));
  }
  ASSERT_GE(received.size(), 2u);
  EXPECT_EQ(received[1].bytes, "from later");
  EXPECT_EQ(received[1].user, "later");
}

TEST(PeerNetwork, KeysOnOneSideOnlyAreRefusedWithTheSideNamed) {
  const PeerNetwork with(ZmqContext::make().value(), new_pair(), false);
  const PeerNetwork without(ZmqContext::make().value(), std::nullopt, false);
  Inbox unused;
  const auto to_plain =
      with.connect(info_of(without, "plain", "tcp://127.0.0.1:9"), unused.callback());
  ASSERT_FALSE(to_plain.ok());
  EXPECT_EQ(to_plain.error().code, Errc::refused);
  EXPECT_EQ(to_plain.error().message,
            "worker plain: it serves without keys, and this worker has some");
  const auto to_keyed =
      without.connect(info_of(with, "keyed", "tcp://127.0.0.1:9"), unused.callback());
  ASSERT_FALSE(to_keyed.ok());
  EXPECT_EQ(to_keyed.error().message,
            "worker keyed: it serves with keys, and this worker has none");
}

TEST(PeerNetwork, WithoutKeysOtherMachinesAreRefusedUnlessAllowed) {
  const std::string far = "tcp://192.0.2.1:5555";
  EXPECT_TRUE(check_wire("", "tcp://127.0.0.1:5555", false).ok());
  EXPECT_TRUE(check_wire("", far, true).ok());
  const auto refused = check_wire("--peer-listen: ", far, false);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_TRUE(refused.error().message.starts_with("--peer-listen: " + far + " is not on this"));
  const PeerNetwork plain(ZmqContext::make().value(), std::nullopt, false);
  Inbox unused;
  EXPECT_EQ(plain.connect(info_of(plain, "far", far), unused.callback()).error().code,
            Errc::refused);
  EXPECT_EQ(plain.listen(far, unused.callback()).error().code, Errc::refused);
}

}  // namespace
}  // namespace fd
