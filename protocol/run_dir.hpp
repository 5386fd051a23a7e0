#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/frame.hpp"

namespace fd {

/// Every file name of a run, in one place. Joins names only: touches no disk.
class RunDir {
 public:
  // The files in a shard's folder.
  static constexpr const char* kInput = "input.jsonl";
  static constexpr const char* kAnswers = "answers.jsonl";
  static constexpr const char* kOutcomes = "outcomes.jsonl";
  static constexpr const char* kCalls = "calls.jsonl";
  static constexpr const char* kConfig = "config.json";
  static constexpr const char* kManifest = "manifest.json";
  /// How the names of folders beside a worker's journal begin that live no longer than its process.
  static constexpr const char* kWorkerDatabases = "databases-";

  /// The link to the run that ended last, beside the runs. What else is there begins with a point.
  static constexpr const char* kLatest = "latest";

  explicit RunDir(std::string root) : root_(std::move(root)) {}
  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string run_json() const;
  [[nodiscard]] std::string seal() const;  ///< seal.jsonl
  [[nodiscard]] std::string lock() const;
  [[nodiscard]] std::string ledger() const;
  [[nodiscard]] std::string invalid() const;
  [[nodiscard]] std::string databases() const;
  [[nodiscard]] std::string database(std::string_view hex_digest) const;
  [[nodiscard]] std::string workers() const;
  [[nodiscard]] std::string worker(std::uint32_t index) const;
  [[nodiscard]] std::string shards() const;
  [[nodiscard]] std::string shard(std::uint32_t index) const;  ///< shards/0007
  [[nodiscard]] std::string shard_file(std::uint32_t index, std::string_view name) const;
  [[nodiscard]] std::string stage_manifest(std::string_view stage) const;
  [[nodiscard]] std::string quality_report(std::string_view stage) const;
  [[nodiscard]] std::string report(std::string_view name) const;  ///< reports/<name>
  [[nodiscard]] std::string export_dir() const;
  [[nodiscard]] std::string export_file(std::string_view name) const;

 private:
  std::string root_;
};

/// The longest run id that is given to a run, or made for one.
inline constexpr std::size_t kMaxGivenRunIdBytes = 64;
/// Returns whether `id` matches [A-Za-z0-9][A-Za-z0-9._-]* and is no longer than `max`.
bool valid_run_id(std::string_view id, std::size_t max = kMaxRunIdBytes);

}  // namespace fd
