#include "worker/reachability.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fd {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);

/// A port of the loopback device that is taken, and listened at when asked for.
class Port {
 public:
  Port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    number_ = std::to_string(ntohs(address.sin_port));
  }
  ~Port() { ::close(fd_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void listen() const { EXPECT_EQ(::listen(fd_, 1), 0); }
  [[nodiscard]] const std::string& number() const { return number_; }

 private:
  int fd_;
  std::string number_;
};

TEST(Reachability, NamesAHostWithoutAnAddress) {
  // No name of the wire: a label may have 63 characters, so nobody is asked.
  const std::string host(70, 'h');
  EXPECT_TRUE(why_unreachable("tcp://" + host + ":5555", kPatience)
                  .starts_with("the host '" + host + "' has no address: "));
}

TEST(Reachability, NamesAnAddressWhereNobodyListens) {
  const Port port;
  EXPECT_EQ(why_unreachable("tcp://127.0.0.1:" + port.number(), kPatience),
            "127.0.0.1 port " + port.number() + ": Connection refused");
}

TEST(Reachability, SaysThatSomebodyListens) {
  const Port port;
  port.listen();
  EXPECT_EQ(why_unreachable("tcp://127.0.0.1:" + port.number(), kPatience),
            "somebody listens at 127.0.0.1 port " + port.number() + ", and does not answer");
}

TEST(Reachability, HasNothingToTryOfAnotherKindOfEndpoint) {
  EXPECT_EQ(why_unreachable("ipc:///tmp/no-such-socket", kPatience), "nobody may be listening");
}

}  // namespace
}  // namespace fd
