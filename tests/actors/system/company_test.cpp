#include "actors/system/company.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kSecond = 1'000'000;

TEST(CompanyWait, IsShortWhereCallsAre) {
  EXPECT_EQ(company_wait(milliseconds(2), 0), milliseconds(2));
  EXPECT_EQ(company_wait(milliseconds(2), kSecond / 20), milliseconds(2));
  EXPECT_EQ(company_wait(milliseconds(2), kSecond / 10), milliseconds(4));
}

TEST(CompanyWait, IsNeverLongerThanTheLimit) {
  EXPECT_EQ(company_wait(milliseconds(2), kSecond / 2), milliseconds(20));
  EXPECT_EQ(company_wait(milliseconds(2), UINT64_MAX), milliseconds(20));
  EXPECT_EQ(company_wait(milliseconds(30), UINT64_MAX), milliseconds(30));
}

}  // namespace
}  // namespace fd
