#include "actors/transport/zmq_transport.hpp"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/actors/transport/inbox.hpp"

namespace fd {
namespace {

/// Returns how many threads of this process belong to libzmq.
std::size_t library_threads() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    count += name.starts_with("ZMQbg/") ? 1 : 0;
  }
  return count;
}

/// Lets this process open `more` files than it has open, and no others, while it exists.
class FewOpenFiles {
 public:
  explicit FewOpenFiles(rlim_t more) {
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit few{static_cast<rlim_t>(next) + more, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewOpenFiles() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  FewOpenFiles(const FewOpenFiles&) = delete;
  FewOpenFiles& operator=(const FewOpenFiles&) = delete;

 private:
  rlimit before_{};
};

TEST(ZmqTransport, MessagesGoBothWaysAndPeersAreToldApart) {
  Inbox server_inbox;
  Inbox first_inbox;
  Inbox second_inbox;
  auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, server_inbox.callback());
  ASSERT_TRUE(server.ok());
  const std::string endpoint = (*server)->endpoints().front();
  auto first = ZmqTransport::connect(ZmqContext::make().value(), endpoint, {}, Traffic::control,
                                     first_inbox.callback());
  auto second = ZmqTransport::connect(ZmqContext::make().value(), endpoint, {}, Traffic::control,
                                      second_inbox.callback());
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
  auto client = ZmqTransport::connect(ZmqContext::make().value(), (*server)->endpoints().front(),
                                      {}, Traffic::control, unused.callback());
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
  auto client = ZmqTransport::connect(ZmqContext::make().value(), (*server)->endpoints().front(),
                                      {}, Traffic::bulk, unused.callback(), connected);
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
  auto client = ZmqTransport::connect(ZmqContext::make().value(), (*server)->endpoints().front(),
                                      {}, Traffic::control, client_inbox.callback());
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

TEST(ZmqTransport, ConnectionsShareTheThreadsOfTheirContext) {
  constexpr std::size_t kConnections = 20;
  Inbox inbox;
  Inbox unused;
  const auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
  ASSERT_TRUE(server.ok());
  const std::string endpoint = (*server)->endpoints().front();
  const ZmqContext context = ZmqContext::make().value();
  std::vector<std::unique_ptr<ZmqTransport>> clients;
  for (std::size_t i = 0; i < kConnections; ++i) {
    auto client = ZmqTransport::connect(context, endpoint, {}, Traffic::bulk, unused.callback());
    ASSERT_TRUE(client.ok()) << client.error().message;
    clients.push_back(std::move(client).value());
    clients.back()->send("", "here");
  }
  ASSERT_EQ(inbox.wait_for(kConnections).size(), kConnections);
  EXPECT_LE(library_threads(), 4u);  // two of the server's context, two of the clients'
}

TEST(ZmqTransport, AConnectionThatEndsTakesNoOtherOfItsContextAlong) {
  Inbox inbox;
  Inbox unused;
  const auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
  ASSERT_TRUE(server.ok());
  const std::string endpoint = (*server)->endpoints().front();
  const ZmqContext context = ZmqContext::make().value();
  auto stays = ZmqTransport::connect(context, endpoint, {}, Traffic::bulk, unused.callback());
  ASSERT_TRUE(stays.ok());
  for (int i = 0; i < 100; ++i) {
    auto ends = ZmqTransport::connect(context, endpoint, {}, Traffic::bulk, unused.callback());
    ASSERT_TRUE(ends.ok()) << ends.error().message;
    (*ends)->send("", "last words");
  }
  EXPECT_EQ(inbox.wait_for(100).size(), 100u);
  (*stays)->send("", "still here");
  EXPECT_EQ(inbox.wait_for(101).back().bytes, "still here");
}

TEST(ZmqTransport, TooFewOpenFilesIsAnErrorAndNotTheEnd) {
  Inbox inbox;
  const auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
  ASSERT_TRUE(server.ok());
  const std::string endpoint = (*server)->endpoints().front();
  const ZmqContext context = ZmqContext::make().value();
  const auto first = ZmqTransport::connect(context, endpoint, {}, Traffic::bulk, inbox.callback());
  ASSERT_TRUE(first.ok());  // libzmq's own files are open
  (*first)->send("", "hello");
  ASSERT_EQ(inbox.wait_for(1).size(), 1u);
  {
    const FewOpenFiles none(0);
    const auto bound = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, inbox.callback());
    ASSERT_FALSE(bound.ok());
    EXPECT_EQ(bound.error().code, Errc::invalid_input);
    EXPECT_EQ(bound.error().message, "cannot start libzmq: Too many open files");
  }
  rlim_t enough = 0;
  for (bool connected = false; !connected; ++enough) {
    const FewOpenFiles few(enough);
    const auto made = ZmqTransport::connect(context, endpoint, {}, Traffic::bulk, inbox.callback());
    connected = made.ok();
    if (enough == 0) {
      EXPECT_EQ(made.error().message, "cannot make an eventfd: Too many open files");
    } else if (!connected) {
      EXPECT_EQ(made.error().code, Errc::invalid_input);
      EXPECT_TRUE(made.error().message.ends_with("Too many open files")) << made.error().message;
    }
  }
  EXPECT_GE(enough, 3u);  // an eventfd, and a file of each of libzmq's sockets
}

}  // namespace
}  // namespace fd
