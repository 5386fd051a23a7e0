#include <condition_variable>
#include <mutex>
#include <utility>

#include <gtest/gtest.h>

#include "actors/transport_limits.hpp"
#include "actors/zmq_transport.hpp"
#include "tests/actors/runtime/inbox.hpp"

namespace fd {
namespace {

CurveKeyPair new_pair() {
  return make_curve_key_pair().value();
}

/// A coordinator's side with a list of users that a test changes.
struct Server {
  CurveKeyPair keys = new_pair();
  std::shared_ptr<AllowList> allowed = std::make_shared<AllowList>();
  Inbox inbox;
  Notices notices;
  std::unique_ptr<ZmqTransport> transport;

  explicit Server(AllowList::Users users) {
    allowed->replace(std::move(users));
    TransportSecurity security;
    security.own = keys;
    security.allowed = allowed;
    security.notice = notices.callback();
    transport =
        ZmqTransport::bind({"tcp://127.0.0.1:*"}, std::move(security), inbox.callback()).value();
  }
  [[nodiscard]] std::unique_ptr<ZmqTransport> client(const CurveKeyPair& own, Inbox& client_inbox) {
    TransportSecurity security;
    security.own = own;
    security.server = keys.public_key;
    return ZmqTransport::connect(transport->endpoints().front(), std::move(security),
                                 client_inbox.callback())
        .value();
  }
};

TEST(CurveTransport, EveryMessageCarriesTheNameOfItsKey) {
  const CurveKeyPair first_keys = new_pair();
  const CurveKeyPair second_keys = new_pair();
  Server server({{first_keys.public_key, "first"}, {second_keys.public_key, "second"}});
  Inbox first_inbox;
  Inbox second_inbox;
  const auto first = server.client(first_keys, first_inbox);
  const auto second = server.client(second_keys, second_inbox);
  first->send("", "first");
  second->send("", "second");
  const auto received = server.inbox.wait_for(2);
  ASSERT_EQ(received.size(), 2u);
  for (const Incoming& message : received) {
    EXPECT_EQ(message.user, message.bytes);
    server.transport->send(message.peer, "hello " + message.user);
  }
  ASSERT_EQ(first_inbox.wait_for(1).size(), 1u);
  EXPECT_EQ(first_inbox.wait_for(1)[0].bytes, "hello first");
  EXPECT_EQ(second_inbox.wait_for(1)[0].bytes, "hello second");
}

TEST(CurveTransport, B22AStrangersKeyIsRefusedWithItsAddressAndKey) {
  const CurveKeyPair known = new_pair();
  const CurveKeyPair stranger = new_pair();
  Server server({{known.public_key, "known"}});
  Inbox unused;
  const auto refused = server.client(stranger, unused);
  refused->send("", "let me in");
  const TransportNotice notice = server.notices.wait_for(TransportNotice::Kind::handshake_refused);
  EXPECT_EQ(notice.detail,
            "127.0.0.1: the key " + stranger.public_key.z85 + " is not on the allow-list");
  const auto welcome = server.client(known, unused);
  welcome->send("", "hello");
  const auto received = server.inbox.wait_for(1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].bytes, "hello");
}

TEST(CurveTransport, B25AKeyThatIsTakenAwayCountsForNothingFromTheNextMessageOn) {
  const CurveKeyPair stays = new_pair();
  const CurveKeyPair goes = new_pair();
  Server server({{stays.public_key, "stays"}, {goes.public_key, "goes"}});
  Inbox unused;
  const auto staying = server.client(stays, unused);
  const auto going = server.client(goes, unused);
  going->send("", "one");
  ASSERT_EQ(server.inbox.wait_for(1).size(), 1u);
  server.allowed->replace({{stays.public_key, "stays"}});
  going->send("", "two");
  EXPECT_EQ(server.notices.wait_for(TransportNotice::Kind::key_removed).detail,
            goes.public_key.z85 + " is no longer on the allow-list");
  staying->send("", "three");
  const auto received = server.inbox.wait_for(2);
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(received[1].bytes, "three");
}

}  // namespace
}  // namespace fd
