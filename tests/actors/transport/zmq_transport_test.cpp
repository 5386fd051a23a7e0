#include "actors/transport/zmq_transport.hpp"

#include <gtest/gtest.h>

#include "tests/actors/transport/inbox.hpp"

namespace fd {
namespace {

TEST(ZmqTransport, MessagesGoBothWaysAndPeersAreToldApart) {
  Inbox server_inbox;
  Inbox first_inbox;
  Inbox second_inbox;
  auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, server_inbox.callback());
  ASSERT_TRUE(server.ok());
  const std::string endpoint = (*server)->endpoints().front();
  auto first = ZmqTransport::connect(endpoint, {}, Traffic::control, first_inbox.callback());
  auto second = ZmqTransport::connect(endpoint, {}, Traffic::control, second_inbox.callback());
  ASSERT_TRUE(first.ok() && second.ok());
  (*first)->send("", "from first");
  (*second)->send("", "from second");
  const auto received = server_inbox.wait_for(2);
  ASSERT_EQ(received.size(), 2u);
  EXPECT_NE(received[0].peer, received[1].peer);
  for (const Incoming& message : received) {
    (*server)->send(message.peer, "you said " + message.bytes);
  }
  ASSERT_EQ(first_inbox.wait_for(1).size(), 1u);
  EXPECT_EQ(first_inbox.wait_for(1)[0].bytes, "you said from first");
  EXPECT_EQ(second_inbox.wait_for(1)[0].bytes, "you said from second");
}

TEST(ZmqTransport, OrderIsKeptOverManyMessages) {
  constexpr std::size_t kCount = 20000;
  Inbox inbox;
  auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
  ASSERT_TRUE(server.ok());
  Inbox unused;
  auto client = ZmqTransport::connect((*server)->endpoints().front(), {}, Traffic::control,
                                      unused.callback());
  ASSERT_TRUE(client.ok());
  for (std::size_t i = 0; i < kCount; ++i) {
    (*client)->send("", std::to_string(i));
  }
  const auto received = inbox.wait_for(kCount);
  ASSERT_EQ(received.size(), kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(received[i].bytes, std::to_string(i));
  }
}

TEST(ZmqTransport, EveryConnectionIsToldAndAnotherOneIsMadeWhenAskedFor) {
  Inbox inbox;
  auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
  ASSERT_TRUE(server.ok());
  Inbox unused;
  Inbox made;
  const auto connected = [tell = made.callback()] { tell({Incoming{}}); };
  auto client = ZmqTransport::connect((*server)->endpoints().front(), {}, Traffic::bulk,
                                      unused.callback(), connected);
  ASSERT_TRUE(client.ok());
  ASSERT_EQ(made.wait_for(1).size(), 1u);
  (*client)->send("", "first");
  ASSERT_EQ(inbox.wait_for(1).size(), 1u);
  (*client)->reconnect();
  ASSERT_EQ(made.wait_for(2).size(), 2u);
  (*client)->send("", "second");
  const auto received = inbox.wait_for(2);
  ASSERT_EQ(received.size(), 2u);
  EXPECT_NE(received[0].peer, received[1].peer);
  (*server)->reconnect();  // has none of its own
}

TEST(ZmqTransport, SendingToAPeerThatIsGoneHarmsNobody) {
  Inbox inbox;
  auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
  ASSERT_TRUE(server.ok());
  Inbox client_inbox;
  auto client = ZmqTransport::connect((*server)->endpoints().front(), {}, Traffic::control,
                                      client_inbox.callback());
  ASSERT_TRUE(client.ok());
  (*client)->send("", "hello");
  ASSERT_EQ(inbox.wait_for(1).size(), 1u);
  (*server)->send("nobody", "lost");
  (*server)->send(inbox.wait_for(1)[0].peer, "found");
  EXPECT_EQ(client_inbox.wait_for(1)[0].bytes, "found");
}

TEST(ZmqTransport, AnAddressInUseIsNamed) {
  Inbox inbox;
  auto first = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
  ASSERT_TRUE(first.ok());
  const std::string endpoint = (*first)->endpoints().front();
  const auto second = ZmqTransport::bind({endpoint}, {}, inbox.callback());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Errc::busy);
  EXPECT_EQ(second.error().message, "cannot listen on " + endpoint + ": Address already in use");
}

}  // namespace
}  // namespace fd
