#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "actors/config/loader.hpp"

namespace fd {

/// A config that is valid and sets nothing that has a default.
inline constexpr std::string_view kSmallConfig = R"(task: text2sql
contract: {fields: [schema, instruction]}
teacher:
  model: m
  prompt: "{{schema}} {{instruction}}"
gateway:
  providers:
    - name: local
      base_url: http://127.0.0.1:11434/v1
)";

/// Its config digest, which the next version must keep.
inline constexpr std::string_view kSmallConfigDigest =
    "86fe8612530b344113201db2d8aaa0255df28836bcd52e2028740d5a83c86df8";

/// A folder with config files, and an environment, of one test.
class ConfigFiles {
 public:
  ConfigFiles() {
    std::string name = testing::TempDir() + "fd_config_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name + "/";
    write("run.yaml", kSmallConfig);
  }
  ~ConfigFiles() {
    for (const std::string& file : files_) {
      std::remove((folder_ + file).c_str());
    }
    std::remove(folder_.c_str());
  }
  ConfigFiles(const ConfigFiles&) = delete;
  ConfigFiles& operator=(const ConfigFiles&) = delete;

  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ + name, std::ios::binary) << text;
    files_.push_back(name);
  }

  /// Writes a file that only its owner can read.
  void write_secret(const std::string& name, std::string_view text) {
    write(name, text);
    EXPECT_EQ(::chmod((folder_ + name).c_str(), 0600), 0);
  }

  /// Loads run.yaml with `environment` and `sets`.
  Result<LoadedConfig> load() const {
    ConfigOverrides overrides;
    overrides.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    overrides.sets = sets;
    return load_config(folder_ + "run.yaml", overrides);
  }
  Result<LoadedConfig> load(std::string_view text) {
    write("run.yaml", text);
    return load();
  }

  /// Returns the message of what must fail, with the folder's name left out.
  std::string message() const {
    const Result<LoadedConfig> loaded = load();
    return loaded.ok() ? "no error" : relative(loaded.error().message);
  }
  std::string message(std::string_view text) {
    write("run.yaml", text);
    return message();
  }

  [[nodiscard]] std::string relative(std::string text) const {
    for (std::size_t at = text.find(folder_); at != std::string::npos; at = text.find(folder_)) {
      text.erase(at, folder_.size());
    }
    return text;
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }

  std::map<std::string, std::string> environment;
  std::vector<std::string> sets;

 private:
  std::string folder_;
  std::vector<std::string> files_;
};

/// Returns the config, which must load.
inline RunConfig loaded_config(const ConfigFiles& files) {
  const Result<LoadedConfig> loaded = files.load();
  EXPECT_TRUE(loaded.ok()) << files.message();
  return loaded.ok() ? loaded->config : RunConfig{};
}

/// Returns the message when kSmallConfig is loaded with these `--set`s.
inline std::string set_message(std::vector<std::string> sets) {
  ConfigFiles files;
  files.sets = std::move(sets);
  return files.message();
}

}  // namespace fd
