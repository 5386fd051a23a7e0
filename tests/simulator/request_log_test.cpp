#include "tests/simulator/request_log.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/simulator/test_files.hpp"

namespace fd::simulator {
namespace {

LogRecord record(std::uint64_t number) {
  return {
      .number = number, .arrival_us = number, .reply_us = number, .status = 200, .fault = "none"};
}

TEST(RequestLog, GoesOnAfterTheLastWholeLine) {
  const std::string path = temporary("log");
  const std::string torn(9000, 'x');  // longer than one block read backwards
  std::ofstream(path) << "{\"n\":1}\n" << torn;
  {
    auto log = RequestLog::open(path);
    ASSERT_TRUE(log.ok()) << log.error().message;
    EXPECT_EQ(log->append(record(2)), 1u);
    EXPECT_TRUE(log->close().ok());
  }
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "{\"n\":1}");
  EXPECT_TRUE(lines[1].starts_with(R"({"n":2,)"));
}

TEST(RequestLog, IsEmptyAgainWhenItHeldNoWholeLine) {
  const std::string path = temporary("log");
  std::ofstream(path) << "torn";
  auto log = RequestLog::open(path);
  ASSERT_TRUE(log.ok());
  EXPECT_TRUE(log->close().ok());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 0);
}

TEST(RequestLog, PutsLinesOfOneRoundIntoOneBatch) {
  auto log = RequestLog::open(temporary("log"));
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->append(record(1)), 1u);
  EXPECT_EQ(log->append(record(2)), 1u);
  log->flush();
  EXPECT_EQ(log->append(record(3)), 2u);
  EXPECT_TRUE(log->close().ok());
  const auto durable = log->durable();
  ASSERT_TRUE(durable.ok());
  EXPECT_EQ(*durable, 2u);
}

TEST(RequestLog, RefusesWhatCannotBeMadeDurable) {
  const auto device = RequestLog::open("/dev/null");
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.error().code, Errc::storage);
  const auto nowhere = RequestLog::open(temporary("folder") + "/log");
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, Errc::storage);
}

}  // namespace
}  // namespace fd::simulator
