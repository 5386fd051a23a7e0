#include "coordinator/run/run_folder.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/coordinator/inspect/inspect_fixture.hpp"

namespace fd {
namespace {

using testing_support::InspectedRun;
using testing_support::RunProgress;

namespace fs = std::filesystem;

TEST(RunFolder, NoNameOfARunIsInTheWayOfTheLinkToTheLastOne) {
  const InspectedRun run(RunProgress::finished);
  const fs::path artifacts = fs::path(run.dir().root()).parent_path();
  const std::string neighbour = "latest.tmp-" + std::to_string(::getpid());
  ASSERT_TRUE(valid_run_id(neighbour, kMaxGivenRunIdBytes));
  fs::create_directories(artifacts / neighbour / "shards");
  fs::remove(artifacts / "latest");
  const auto finished = run.hold()->finish(run.config(), 0);
  ASSERT_TRUE(finished.ok()) << finished.error().message;
  EXPECT_EQ(fs::read_symlink(artifacts / "latest"), fs::path(run.dir().root()).filename());
}

}  // namespace
}  // namespace fd
