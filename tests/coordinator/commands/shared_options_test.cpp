#include "coordinator/commands/shared_options.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

ParsedCommand parsed(std::map<std::string, std::vector<std::string>> values) {
  ParsedCommand command;
  command.values = std::move(values);
  return command;
}

TEST(LiveOptions, WorkersAreTwoUnlessSaid) {
  EXPECT_EQ(live_options(parsed({}))->local_workers(), 2u);
  EXPECT_EQ(live_options(parsed({{"--workers", {"0"}}}))->local_workers(), 0u);
  EXPECT_EQ(live_options(parsed({{"--workers", {"1024"}}}))->local_workers(), 1024u);
  EXPECT_EQ(live_options(parsed({{"--workers", {"1025"}}})).error().message,
            "--workers: '1025' is no whole number in [0, 1024]");
}

TEST(LiveOptions, OnlyWarningsAreLoggedUnlessSaid) {
  EXPECT_EQ(live_options(parsed({}))->level, LogLevel::warn);
  EXPECT_EQ(live_options(parsed({{"--log-level", {"debug"}}}))->level, LogLevel::debug);
  EXPECT_EQ(live_options(parsed({{"--log-level", {"loud"}}})).error().message,
            "--log-level: 'loud' is none of error, warn, info, debug, trace");
}

TEST(LiveOptions, ProgressThatIsNoTerminalsIsPlainUnlessSaid) {
  EXPECT_EQ(live_options(parsed({{"--progress", {"json"}}}))->progress, ProgressMode::json);
  EXPECT_EQ(live_options(parsed({{"--progress", {"none"}}}))->progress, ProgressMode::none);
  EXPECT_EQ(live_options(parsed({{"--progress", {"plain"}}}))->progress, ProgressMode::plain);
  EXPECT_EQ(live_options(parsed({{"--progress", {"json"}}, {"--quiet", {""}}}))->progress,
            ProgressMode::none);
  EXPECT_EQ(live_options(parsed({{"--progress", {"loud"}}})).error().message,
            "--progress: 'loud' is none of bar, plain, json and none");
}

TEST(InputFiles, OfTheCommandLineAreTakenAsTheyAreAndThoseOfAConfigLieBesideIt) {
  const auto paths = [](const ParsedCommand& command, const LoadedConfig& loaded) {
    std::vector<std::string> all;
    const auto files = input_files(command, loaded);
    for (const InputSpec& input : *files) {
      all.push_back(input.path);
    }
    return all;
  };
  LoadedConfig loaded;
  loaded.directory = "configs";
  loaded.config.input = {"rows.jsonl", "/data/rows.jsonl", "-"};
  EXPECT_EQ(paths(parsed({}), loaded),
            (std::vector<std::string>{"configs/rows.jsonl", "/data/rows.jsonl", "-"}));
  EXPECT_EQ(paths(parsed({{"--input", {"b.jsonl", "a.jsonl"}}}), loaded),
            (std::vector<std::string>{"b.jsonl", "a.jsonl"}));
  loaded.directory = "";
  loaded.config.input = {"rows.jsonl"};
  EXPECT_EQ(paths(parsed({}), loaded), std::vector<std::string>{"rows.jsonl"});
  loaded.config.input.clear();
  EXPECT_EQ(input_files(parsed({}), loaded).error().message,
            "no input: name files under `input:` in the config, or give --input");
}

}  // namespace
}  // namespace fd
