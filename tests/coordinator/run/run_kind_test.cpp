#include "coordinator/run/run_kind.hpp"

#include <gtest/gtest.h>

#include "coordinator/inspect/explain.hpp"
#include "coordinator/inspect/status.hpp"
#include "coordinator/inspect/verify.hpp"
#include "coordinator/run/run_seal.hpp"
#include "tests/coordinator/inspect/inspect_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

TEST(RunKind, HasTheNameThatRunJsonGivesIt) {
  EXPECT_EQ(run_kind_from_name("distil"), RunKind::distil);
  EXPECT_EQ(names_of(RunKind::distil).name, "distil");
  EXPECT_EQ(run_kind_from_name(""), std::nullopt);
  EXPECT_EQ(run_kind_from_name("eval"), std::nullopt);
}

TEST(RunKind, TellsWhichFilesARunHas) {
  const InspectedRun run(RunProgress::finished);
  const RunFacts facts = read_run_facts(run.dir()).value();
  EXPECT_EQ(facts.kind, RunKind::distil);
  EXPECT_EQ(facts.parent, std::nullopt);
  const auto files = run.files();
  for (const auto& names :
       {ingested_files(run.dir(), facts.kind), derived_files(run.dir(), facts.kind),
        merged_files(run.dir(), facts.kind, facts.ingest)}) {
    for (const std::string& name : names) {
      EXPECT_TRUE(files.contains(name)) << name;
    }
  }
}

TEST(RunKind, OneThatThisProgramDoesNotHaveIsRefusedByName) {
  const InspectedRun run(RunProgress::finished);
  run.change_run_json([](json::Object& object) { object["kind"] = "eval"; });
  const auto expect_refused = [&](const auto& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Errc::stale);
    EXPECT_EQ(
        result.error().message,
        run.dir().run_json() + ": is a run of the kind 'eval', which this program does not have");
  };
  expect_refused(read_run_facts(run.dir()));
  expect_refused(RunFolder::open(run.dir().root()));
  expect_refused(verify_run(run.dir()));
  expect_refused(read_status(run.dir()));
  expect_refused(explain_sample(run.dir(), run.samples().front().id.hex()));
}

TEST(RunKind, ADamagedNameIsDamageAndNoOtherKind) {
  const InspectedRun run(RunProgress::finished);
  std::string text = bytes_of(run.dir().run_json());
  text.replace(text.find("\"distil\""), 8, "\"distal\"");
  put_bytes(run.dir().run_json(), text);
  const auto facts = read_run_facts(run.dir());
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().code, Errc::corrupt);
}

TEST(RunKind, ADistilRunHasNoParent) {
  const InspectedRun run(RunProgress::finished);
  run.change_run_json([](json::Object& object) {
    object["parent"] = json::Object{{"run_id", "p"}, {"digest", sha256("p").hex()}};
  });
  const auto facts = read_run_facts(run.dir());
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().code, Errc::corrupt);
  EXPECT_EQ(facts.error().message,
            run.dir().run_json() + ": parent: a run of the kind distil has none");
}

}  // namespace
}  // namespace fd
