#include "worker/closable_gateway.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace fd {
namespace {

class BusyGateway final : public Gateway {
 public:
  void submit(ChatCall) override {}
  void set_shares(const std::vector<Share>&) override {}
  [[nodiscard]] CallLoad load() const override { return {{{"local", 2}}, 0, 5}; }
  void set_send_deadline(Instant) override {}
  void cancel_waiting() override {}
};

TEST(ClosableGateway, SamplesOnTheirWayCountAsCallsThatWait) {
  ClosableGateway gateway(std::make_unique<BusyGateway>(), 3);
  EXPECT_EQ(gateway.load().waiting, 5u);
  auto one = gateway.expect();
  const auto other = gateway.expect();
  EXPECT_EQ(gateway.load().waiting, 11u);
  EXPECT_EQ(gateway.load().in_flight(), 2u);
  one.reset();
  EXPECT_EQ(gateway.load().waiting, 8u);
  gateway.close();
  EXPECT_EQ(gateway.load(), CallLoad());
}

}  // namespace
}  // namespace fd
