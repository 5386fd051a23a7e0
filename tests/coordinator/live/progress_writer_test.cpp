#include "coordinator/live/progress_writer.hpp"

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

std::shared_ptr<const Progress> done(std::uint64_t samples) {
  auto progress = std::make_shared<Progress>();
  progress->done = samples;
  return progress;
}

/// A terminal that blocks until it is let go on.
struct Terminal {
  void show(const Progress& progress) {
    shown.push_back(progress.done);
    if (shown.size() == 1) {
      entered.set_value();
      go_on.get_future().wait();
    }
  }
  std::vector<std::uint64_t> shown;
  std::vector<std::string> said;
  std::promise<void> entered;
  std::promise<void> go_on;
};

TEST(ProgressWriterTest, ATerminalThatBlocksHoldsNobodyUpAndMissesOnlyWhatIsOld) {
  Terminal terminal;
  ProgressWriter writer([&](const Progress& progress) { terminal.show(progress); },
                        [&](const std::string& line) { terminal.said.push_back(line); });
  writer.publish(done(1));
  terminal.entered.get_future().wait();
  writer.publish(done(2));
  writer.publish(done(3));
  writer.say("first");
  writer.say("second");
  terminal.go_on.set_value();
  writer.finish();
  EXPECT_EQ(terminal.shown, (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(terminal.said, (std::vector<std::string>{"first", "second"}));
}

TEST(ProgressWriterTest, LinesThatNobodyReadsAreBounded) {
  Terminal terminal;
  ProgressWriter writer([&](const Progress& progress) { terminal.show(progress); },
                        [&](const std::string& line) { terminal.said.push_back(line); });
  writer.publish(done(1));
  terminal.entered.get_future().wait();
  for (std::size_t i = 0; i < ProgressWriter::kLinesMax + 1; ++i) {
    writer.say(std::to_string(i));
  }
  terminal.go_on.set_value();
  writer.finish();
  EXPECT_EQ(terminal.said.size(), ProgressWriter::kLinesMax);
}

}  // namespace
}  // namespace fd
