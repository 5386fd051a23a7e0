#include "actors/transport/tcp_endpoint.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(TcpEndpoint, OnlyLoopbackAddressesCountAsThisMachine) {
  for (const char* local : {"tcp://127.0.0.1:5555", "tcp://127.8.9.10:1", "tcp://localhost:5555",
                            "tcp://[::1]:5555", "ipc:///run/fd.sock"}) {
    ASSERT_TRUE(is_loopback_endpoint(local).ok()) << local;
    EXPECT_TRUE(*is_loopback_endpoint(local)) << local;
  }
  for (const char* other :
       {"tcp://0.0.0.0:5555", "tcp://*:5555", "tcp://10.0.0.1:5555", "tcp://127.evil.example:5555",
        "tcp://[::]:5555", "tcp://128.0.0.1:1"}) {
    ASSERT_TRUE(is_loopback_endpoint(other).ok()) << other;
    EXPECT_FALSE(*is_loopback_endpoint(other)) << other;
  }
  for (const char* bad :
       {"", "tcp://", "tcp://host", "udp://127.0.0.1:5", "127.0.0.1:5555", "tcp://:5"}) {
    ASSERT_FALSE(is_loopback_endpoint(bad).ok()) << bad;
    EXPECT_EQ(is_loopback_endpoint(bad).error().code, Errc::invalid_input) << bad;
  }
}

}  // namespace
}  // namespace fd
