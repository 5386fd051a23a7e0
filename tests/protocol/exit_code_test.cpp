#include "protocol/exit_code.hpp"

#include <utility>

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(ExitCodeOfAnError, IsThatOfTheContract) {
  const std::pair<Errc, int> table[] = {
      {Errc::invalid_input, 2}, {Errc::not_found, 2}, {Errc::bad_data, 3},     {Errc::corrupt, 5},
      {Errc::busy, 6},          {Errc::storage, 7},   {Errc::exhausted, 7},    {Errc::refused, 8},
      {Errc::unavailable, 10},  {Errc::stale, 11},    {Errc::unsupported, 11},
  };
  for (const auto& [error, code] : table) {
    EXPECT_EQ(exit_code_of(error), code) << static_cast<int>(error);
  }
}

TEST(ExitCodeOfAnError, IsThatOfABugForNoneOfThem) {
  for (int code = 0; code <= static_cast<int>(Errc::busy); ++code) {
    EXPECT_NE(exit_code_of(static_cast<Errc>(code)), kExitBug) << code;
  }
  EXPECT_EQ(exit_code_of(static_cast<Errc>(static_cast<int>(Errc::busy) + 1)), kExitBug);
}

}  // namespace
}  // namespace fd
