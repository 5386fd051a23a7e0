#include "protocol/base/splitmix64.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

// The first numbers of the published generator from the seed 1234567.
TEST(SplitMix64, GivesThePublishedNumbers) {
  std::uint64_t state = 1234567;
  for (const std::uint64_t number :
       {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u}) {
    state += kSplitMix64Gamma;
    EXPECT_EQ(mix64(state), number);
  }
}

}  // namespace
}  // namespace fd
