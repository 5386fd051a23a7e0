#include "actors/system/command_line.hpp"

#include <gtest/gtest.h>

#include "actors/system/log.hpp"

namespace fd {
namespace {

CommandSpec spec() {
  CommandSpec spec;
  spec.usage = "tool FILE [options]";
  spec.positionals_min = spec.positionals_max = 1;
  spec.options = {{"--workers", "N", "how many", false},
                  {"--set", "K=V", "override", true},
                  {"--quiet", "", "say less", false}};
  return spec;
}

TEST(CommandLine, BothSpellingsOfAValueAreTheSame) {
  const auto parsed = parse_command(spec(), {"--workers=3", "file", "--set", "a=1", "--set=b=2"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->positionals, std::vector<std::string>{"file"});
  EXPECT_EQ(*parsed->number("--workers", 1, 0, 10), 3u);
  EXPECT_EQ(parsed->all("--set"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_FALSE(parsed->has("--quiet"));
}

TEST(CommandLine, UnknownOptionSuggestsTheNearest) {
  const auto parsed = parse_command(spec(), {"file", "--worker", "3"});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message,
            "unknown option --worker, did you mean --workers?\nusage: tool FILE [options]\n"
            "(--help tells more)");
}

TEST(CommandLine, MissingAndSuperfluousPartsAreNamed) {
  const auto message = [](std::vector<std::string> arguments) {
    const std::string text = parse_command(spec(), arguments).error().message;
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(message({}), "an argument is missing");
  EXPECT_EQ(message({"a", "b"}), "'b' is one argument too many");
  EXPECT_EQ(message({"a", "--workers"}), "--workers wants a value: --workers N");
  EXPECT_EQ(message({"a", "--quiet=1"}), "--quiet takes no value");
  EXPECT_EQ(message({"a", "--workers=1", "--workers=2"}), "--workers was given twice");
}

TEST(CommandLine, DashesEndTheOptions) {
  const auto parsed = parse_command(spec(), {"--", "--quiet"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->positionals, std::vector<std::string>{"--quiet"});
}

TEST(CommandLine, NumbersHaveARange) {
  const auto number = [](const std::string& text) {
    return parse_command(spec(), {"f", "--workers", text})->number("--workers", 1, 2, 5);
  };
  EXPECT_EQ(*number("2"), 2u);
  EXPECT_EQ(*number("5"), 5u);
  for (const char* bad : {"1", "6", "-1", "2x", "", "2.0", "99999999999999999999"}) {
    ASSERT_FALSE(number(bad).ok()) << bad;
    EXPECT_EQ(number(bad).error().message,
              "--workers: '" + std::string(bad) + "' is no whole number in [2, 5]");
  }
}

TEST(CommandLine, ALogLevelIsOneOfFiveNames) {
  CommandSpec with_level = spec();
  with_level.options.push_back({"--log-level", "LEVEL", "how much is logged", false});
  const auto level = [&](std::vector<std::string> arguments) {
    return parse_command(with_level, arguments)->log_level(LogLevel::info);
  };
  EXPECT_EQ(*level({"f"}), LogLevel::info);
  EXPECT_EQ(*level({"f", "--log-level", "error"}), LogLevel::error);
  EXPECT_EQ(*level({"f", "--log-level", "trace"}), LogLevel::trace);
  EXPECT_EQ(level({"f", "--log-level", ""}).error().message,
            "--log-level: '' is none of error, warn, info, debug, trace");
  EXPECT_EQ(level({"f", "--log-level", "loud"}).error().message,
            "--log-level: 'loud' is none of error, warn, info, debug, trace");
}

TEST(Log, J09ValuesCannotForgeALineOrATerminalSequence) {
  EXPECT_EQ(log_value("plain"), "plain");
  EXPECT_EQ(log_value(""), "\"\"");
  EXPECT_EQ(log_value("a b"), "\"a b\"");
  EXPECT_EQ(log_value("x\nERROR fake"), "\"x\\nERROR fake\"");
  EXPECT_EQ(log_value("\x1b[31mred"), "\"\\x1b[31mred\"");
  EXPECT_EQ(log_value("\xC2\x9B"
                      "31mred"),
            "\"\\x9b31mred\"");  // CSI as one character
  EXPECT_EQ(log_value("\x9B"
                      "31mred"),
            "\xEF\xBF\xBD"
            "31mred");  // and as a byte that is no UTF-8
  EXPECT_EQ(log_value("\xC2\xA0\xC3\xA9"), "\xC2\xA0\xC3\xA9");
  EXPECT_EQ(log_value(std::string(400, 'x')), std::string(400, 'x'));
  EXPECT_EQ(log_value(std::string(401, 'x')), "\"" + std::string(400, 'x') + "...(401 bytes)\"");
}

TEST(Log, J09AnEventIsOneLineWhateverItsFieldsHold) {
  const std::string hostile = "a\r\nb\x1b]0;title\x07" + std::string(1 << 20, '\n');
  testing::internal::CaptureStderr();
  Log(LogLevel::warn, "unit").warn("event", {{"first", hostile}, {"second", hostile}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_LT(line.size(), 2000u);
  EXPECT_EQ(line.find_first_of("\r\n\x1b\x07"), line.size() - 1);
  EXPECT_EQ(line.back(), '\n');
  EXPECT_NE(line.find("first=\"a\\x0d\\nb\\x1b]0;title\\x07\\n"), std::string::npos) << line;
  EXPECT_NE(line.find("...(" + std::to_string(hostile.size()) + " bytes)\" second="),
            std::string::npos);
}

}  // namespace
}  // namespace fd
