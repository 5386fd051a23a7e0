#include "coordinator/shards/lines.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using testing_support::kept_sample;

/// Returns outcomes.jsonl of two samples.
std::string two_lines() {
  std::string text;
  append_line(kept_sample(1).outcome, text);
  text += '\n';
  append_line(kept_sample(2).outcome, text);
  text += '\n';
  return text;
}

TEST(LineReader, SaysWhereEachLineIs) {
  LineReader lines("f", "ab\n\nc");
  std::string_view line;
  ASSERT_TRUE(lines.next_line(line));
  EXPECT_EQ(line, "ab");
  EXPECT_EQ(lines.error("why").message, "f: line 1 (byte 0): why");
  ASSERT_TRUE(lines.next_line(line));
  EXPECT_EQ(line, "");
  EXPECT_EQ(lines.offset(), 3u);
  ASSERT_TRUE(lines.next_line(line));
  EXPECT_EQ(line, "c");
  EXPECT_EQ(lines.number(), 3u);
  EXPECT_EQ(lines.offset(), 4u);
  EXPECT_EQ(lines.error("why").message, "f: line 3 (byte 4): why");
  EXPECT_FALSE(lines.next_line(line));
  EXPECT_EQ(lines.error("why").message, "f: its end: why");
}

TEST(LineReader, ReadsViewsUntilTheEnd) {
  const std::string text = two_lines();
  LineReader lines("f", text);
  OutcomeView view;
  ASSERT_TRUE(lines.next(view).value());
  EXPECT_EQ(view.sample_id, kept_sample(1).outcome.sample_id);
  ASSERT_TRUE(lines.next(view).value());
  EXPECT_EQ(view.sample_id, kept_sample(2).outcome.sample_id);
  EXPECT_FALSE(lines.next(view).value());
}

TEST(LineReader, NamesTheLineThatIsNoRecord) {
  const std::string text = two_lines();
  const std::string second = std::to_string(text.find('\n') + 1);
  EXPECT_EQ(read_lines<Outcome>("f", text).value().size(), 2u);
  const std::string cut = text.substr(0, text.size() - 2);
  const auto records = read_lines<Outcome>("f", cut);
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, Errc::corrupt);
  EXPECT_TRUE(records.error().message.starts_with("f: line 2 (byte " + second + "): "))
      << records.error().message;
  LineReader lines("f", cut);
  OutcomeView view;
  ASSERT_TRUE(lines.next(view).value());
  EXPECT_TRUE(lines.next(view).error().message.starts_with("f: line 2 (byte " + second + "): "));
}

}  // namespace
}  // namespace fd
