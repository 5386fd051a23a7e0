#include "coordinator/run/run_json.hpp"

#include <gtest/gtest.h>

#include "protocol/frame.hpp"
#include "tests/coordinator/inspect/inspect_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// Returns the message of reading a run.json with this text, without the name of the file.
std::string error_of(const std::string& text) {
  const RunDir dir(fresh_folder());
  put_bytes(dir.run_json(), text);
  const auto facts = read_run_facts(dir);
  EXPECT_EQ(facts.error().code, Errc::corrupt);
  EXPECT_TRUE(facts.error().message.starts_with(dir.run_json() + ": "));
  return facts.error().message.substr(dir.run_json().size() + 2);
}

TEST(RunJson, NamesTheKeyThatIsMissing) {
  EXPECT_EQ(error_of("{}"), "run_id is missing");
  EXPECT_EQ(error_of(R"({"run_id":""})"), "run_id is no id of a run");
  EXPECT_EQ(error_of(R"({"run_id":"r","output_version":-1})"), "output_version is no whole number");
  EXPECT_EQ(error_of(R"({"run_id":"r","output_version":1})"), "kind is missing");
  const std::string begin = R"({"run_id":"r","output_version":1,"kind":"distil")";
  EXPECT_EQ(error_of(begin + "}"), "config_digest is missing");
  EXPECT_EQ(error_of(begin + R"(,"config_digest":"0"})"), "config_digest is no digest");
  EXPECT_EQ(error_of(begin + R"(,"config_digest":")" + sha256("x").hex() + "\"}"),
            "ingest is missing");
}

TEST(RunJson, AConfigKeyOfAnotherProgramIsNamedAndADamagedOneIsDamage) {
  const InspectedRun run(RunProgress::ingested);
  const auto error_of_config = [&] {
    const auto config = read_run_config(run.dir(), read_run_facts(run.dir()).value());
    return config.ok() ? Error{} : config.error();
  };
  const std::string text = bytes_of(run.dir().run_json());
  std::string damaged = text;
  damaged.replace(damaged.find("\"min_chars\""), 11, "\"min_charz\"");
  put_bytes(run.dir().run_json(), damaged);
  EXPECT_EQ(error_of_config().code, Errc::corrupt);
  put_bytes(run.dir().run_json(), text);
  run.change_run_json([](json::Object& object) {
    (*object["config"].as_object())["later"] = json::Object{{"key", 1}};
  });
  EXPECT_EQ(error_of_config().code, Errc::stale);
  EXPECT_TRUE(
      error_of_config().message.starts_with(run.dir().run_json() + ": config: later: unknown key"));
  put_bytes(run.dir().run_json(), text);
  run.change_run_json([](json::Object& object) {
    json::Object& gates = *(*object["config"].as_object())["gates"].as_object();
    (*gates["judge"].as_object())["enabled"] = true;
  });
  EXPECT_EQ(error_of_config().code, Errc::stale);
  EXPECT_TRUE(error_of_config().message.starts_with(
      run.dir().run_json() + ": config: gates.judge.enabled: true is not available"));
}

TEST(RunJson, AConfigThatItsDigestDoesNotNameIsDamage) {
  const InspectedRun run(RunProgress::ingested);
  run.change_run_json(
      [](json::Object& object) { (*object["config"].as_object())["task"] = "another"; });
  const auto config = read_run_config(run.dir(), read_run_facts(run.dir()).value());
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code, Errc::corrupt);
  EXPECT_EQ(config.error().message,
            run.dir().run_json() + ": its config is not the one that its config_digest names");
}

TEST(RunJson, SaysThatAFolderWithoutItIsNoRun) {
  const RunDir dir(fresh_folder());
  const auto facts = read_run_facts(dir);
  EXPECT_EQ(facts.error().code, Errc::not_found);
  EXPECT_EQ(facts.error().message, dir.root() + ": is no run folder (it has no run.json)");
}

TEST(RunJson, OfARunWithOtherStagesBothAreNamed) {
  const RunDir dir("/runs/r");
  RunFacts facts;
  facts.stages = "teacher clean rules exec score select";
  EXPECT_TRUE(check_stages(dir, facts).ok());
  facts.stages = "teacher clean rules mine exec score select";
  const auto checked = check_stages(dir, facts);
  EXPECT_EQ(checked.error().code, Errc::stale);
  EXPECT_EQ(checked.error().message,
            "/runs/r: was started with the stages teacher clean rules mine exec score select, this "
            "program has teacher clean rules exec score select: verdicts could differ");
}

TEST(RunJson, AnIdThatNoFrameCouldCarryIsDamage) {
  for (const std::string& id : {std::string(kMaxRunIdBytes + 1, 'r'), std::string("../r")}) {
    EXPECT_EQ(error_of(R"({"run_id":")" + id + "\"}"), "run_id is no id of a run");
  }
}

}  // namespace
}  // namespace fd
