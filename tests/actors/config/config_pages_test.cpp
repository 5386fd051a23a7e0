// The configs that docs/ shows, read as a run would read them.
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/loader.hpp"
#include "actors/config/presets.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

/// Returns what stands in the blocks of YAML of a page, in their order.
std::vector<std::string> yaml_blocks(const std::string& page) {
  std::ifstream file(std::string(FD_SOURCE_DIR) + "/docs/" + page);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  constexpr std::string_view kFence = "```yaml\n";
  std::vector<std::string> blocks;
  for (std::size_t at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at)) {
    at += kFence.size();
    blocks.push_back(text.substr(at, text.find("\n```", at) + 1 - at));
  }
  return blocks;
}

/// Returns the environment of somebody who has a key everywhere.
std::optional<std::string> with_keys(const std::string& name) {
  const bool key = name.ends_with("_KEY") || name.ends_with("_TOKEN");
  return key && !name.starts_with("FASTDISTILL") ? std::optional<std::string>("k") : std::nullopt;
}

TEST(ProvidersPage, HasOnlyConfigsThatLoad) {
  const testing_support::TempFolder folder;
  folder.put("corp-root.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const std::vector<std::string> blocks = yaml_blocks("providers.md");
  ASSERT_GE(blocks.size(), 12u);
  for (const std::string& block : blocks) {
    const std::string path = folder.put(
        "run.yaml",
        "task: t\ncontract: {fields: [q]}\nteacher: {model: m, prompt: '{{q}}'}\n" + block);
    const auto loaded = load_config(path, {with_keys, {}});
    EXPECT_TRUE(loaded.ok()) << block << loaded.error().message;
  }
}

TEST(ProvidersPage, HasAConfigForEachPreset) {
  std::string all;
  for (const std::string& block : yaml_blocks("providers.md")) {
    all += block;
  }
  for (const std::string_view preset : preset_names()) {
    const std::string written = "preset: " + std::string(preset);
    EXPECT_TRUE(all.find(written + "\n") != std::string::npos ||
                all.find(written + "}") != std::string::npos ||
                all.find(written + ",") != std::string::npos ||
                all.find(written + " ") != std::string::npos)
        << preset;
  }
}

/// Returns how each whole config of a page fails to load, or nothing.
std::string faults_of(const std::string& page) {
  const testing_support::TempFolder folder;
  folder.put("examples.jsonl",
             "{\"role\": \"user\", \"content\": \"a\"}\n"
             "{\"role\": \"assistant\", \"content\": \"b\"}\n");
  std::string faults;
  for (const std::string& block : yaml_blocks(page)) {
    if (block.find("task:") == std::string::npos) {
      continue;  // a part of one
    }
    const auto loaded = load_config(folder.put("run.yaml", block), {with_keys, {}});
    faults += loaded.ok() ? "" : block + loaded.error().message + "\n";
  }
  return faults;
}

TEST(TaskPages, HaveOnlyConfigsThatLoad) {
  EXPECT_EQ(faults_of("from-huggingface.md"), "");
  EXPECT_EQ(faults_of("other-tasks.md"), "");
  EXPECT_EQ(faults_of("quickstart.md"), "");
}

}  // namespace
}  // namespace fd
