#include <future>
#include <optional>
#include <utility>

#include <gtest/gtest.h>
#include <zmq.hpp>

#include "actors/transport/curve_self_test.hpp"
#include "actors/transport/handshake_monitor.hpp"
#include "actors/transport/socket_options.hpp"
#include "actors/transport/transport_limits.hpp"
#include "actors/transport/zmq_transport.hpp"
#include "tests/actors/transport/inbox.hpp"

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
    return ZmqTransport::connect(ZmqContext::make().value(), transport->endpoints().front(),
                                 std::move(security), Traffic::control, client_inbox.callback())
        .value();
  }
};

/// Connects with these keys until it is rejected. Returns what the client was told.
std::string rejection(const std::string& endpoint, std::optional<CurveKeyPair> own,
                      std::optional<CurvePublicKey> server) {
  auto told = std::make_shared<std::promise<std::string>>();
  auto future = told->get_future();
  TransportSecurity security;
  security.own = std::move(own);
  security.server = std::move(server);
  security.rejected = [told](const Error& error) { told->set_value(error.message); };
  const auto client =
      ZmqTransport::connect(ZmqContext::make().value(), endpoint, std::move(security),
                            Traffic::control, [](std::vector<Incoming>) {});
  return future.wait_for(kTestPatience) == std::future_status::ready ? future.get() : "nothing";
}

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

TEST(CurveTransport, B22ARejectedWorkerIsToldAfterAFewTries) {
  const CurveKeyPair known = new_pair();
  Server server({{known.public_key, "known"}});
  const std::string endpoint = server.transport->endpoints().front();
  const std::string wanted =
      endpoint + ": server key mismatch or not on the allow-list (5 handshakes were refused)";
  EXPECT_EQ(rejection(endpoint, new_pair(), server.keys.public_key), wanted);  // not on the list
  EXPECT_EQ(rejection(endpoint, known, new_pair().public_key), wanted);        // another server
  EXPECT_EQ(rejection(endpoint, std::nullopt, std::nullopt),
            endpoint +
                ": the other side speaks another mechanism (CURVE here, plaintext there, or the "
                "reverse) (5 handshakes were refused)");
  EXPECT_TRUE(server.inbox.wait_for(0).empty());
}

TEST(CurveTransport, AKeyThatComesOntoTheListLaterIsAdmittedWithoutARestart) {
  const CurveKeyPair late = new_pair();
  Server server(AllowList::Users{});
  Inbox unused;
  const auto client = server.client(late, unused);
  ASSERT_NE(server.notices.wait_for(TransportNotice::Kind::handshake_refused).detail, "");
  server.allowed->replace({{late.public_key, "late"}});
  std::vector<Incoming> received;
  for (int tries = 0; received.empty() && tries < 200; ++tries) {
    client->send("", "hello");  // the first may go down with the connection that is refused
    received = server.inbox.wait_for(1, std::chrono::milliseconds(100));
  }
  ASSERT_FALSE(received.empty());
  EXPECT_EQ(received[0].user, "late");
}

/// Sends one message in `frames` frames, under the keys of a worker.
void send_frames(zmq::socket_t& socket, int frames) {
  for (int i = 1; i <= frames; ++i) {
    socket.send(zmq::str_buffer("x"),
                i < frames ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
}

TEST(CurveTransport, B19APeerThatRepeatsMessagesOfAnotherShapeIsHeardNoMore) {
  const CurveKeyPair odd = new_pair();
  const CurveKeyPair good = new_pair();
  Server server({{odd.public_key, "odd"}, {good.public_key, "good"}});
  zmq::context_t context{1};
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  set_client_keys(socket, odd, server.keys.public_key);
  socket.connect(server.transport->endpoints().front());
  for (std::uint32_t i = 1; i < kOddMessagesMax; ++i) {
    send_frames(socket, 2);
  }
  send_frames(socket, 1);
  ASSERT_EQ(server.inbox.wait_for(1).size(), 1u);  // one less than the limit: still heard
  EXPECT_EQ(server.notices.wait_for(TransportNotice::Kind::frame_count).detail,
            "odd sent a message of 3 frames");  // with the one that names the peer
  send_frames(socket, 1000);
  send_frames(socket, 1);
  EXPECT_EQ(server.notices.wait_for(TransportNotice::Kind::peer_refused).detail,
            "odd: nothing more is taken under the key " + odd.public_key.z85);
  Inbox unused;
  const auto client = server.client(good, unused);
  client->send("", "good");
  const auto received = server.inbox.wait_for(2);
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(received[1].bytes, "good");
}

TEST(CurveTransport, AServerThatLetsStrangersInFailsTheStartUpTest) {
  const CurveKeyPair keys = new_pair();
  zmq::context_t context{1};
  zmq::socket_t router(context, zmq::socket_type::router);
  router.set(zmq::sockopt::curve_server, true);
  router.set(zmq::sockopt::curve_secretkey, keys.secret.reveal());
  router.bind("tcp://127.0.0.1:*");  // no ZAP handler, no option 93: libzmq fails open
  const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
  const auto tested = expect_stranger_refused(endpoint, keys.public_key, new_pair());
  ASSERT_FALSE(tested.ok());
  EXPECT_EQ(tested.error().code, Errc::refused);
  EXPECT_EQ(tested.error().message,
            "start-up test of " + endpoint + ": a key that is on no list was let in");
}

TEST(CurveTransport, WithoutAHandlerNobodyIsLetIn) {
  const CurveKeyPair keys = new_pair();
  zmq::context_t context{1};
  zmq::socket_t router(context, zmq::socket_type::router);
  ASSERT_TRUE(set_server_keys(router, keys).ok());
  router.bind("tcp://127.0.0.1:*");
  zmq::context_t client_context{1};
  zmq::socket_t client(client_context, zmq::socket_type::dealer);
  client.set(zmq::sockopt::linger, 0);
  set_client_keys(client, new_pair(), keys.public_key);
  HandshakeMonitor monitor(client_context, client, false);
  client.connect(router.get(zmq::sockopt::last_endpoint));
  zmq::pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
  for (std::optional<HandshakeEvent> event; !event;) {
    ASSERT_EQ(zmq::poll(&item, 1, kTestPatience), 1);
    event = monitor.next();
    ASSERT_TRUE(event);
    ASSERT_NE(event->kind, HandshakeEvent::Kind::succeeded);
    if (event->kind == HandshakeEvent::Kind::connected) {
      event.reset();
    }
  }
}

}  // namespace
}  // namespace fd
