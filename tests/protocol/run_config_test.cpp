#include "protocol/run_config.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(GatewayConfig, CallsInFlightAreThoseOfAllProviders) {
  GatewayConfig gateway;
  EXPECT_EQ(gateway.max_concurrency(), 0u);
  gateway.providers.resize(2);
  gateway.providers[0].max_concurrency = 7;
  gateway.providers[1].max_concurrency = 128;
  EXPECT_EQ(gateway.max_concurrency(), 135u);
}

}  // namespace
}  // namespace fd
