#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/run/run_folder.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd::testing_support {

/// How much of a run is there.
enum class RunProgress {
  ingested,    ///< nothing is done yet
  first_half,  ///< every even shard is committed; the ledger has all answers
  finished     ///< merged, sealed, and the ledger is closed
};

/// A run that went through ingest, ledger, shard files and merge, with made-up answers: 8 rows of
/// which one is refused and one is a duplicate, and a database.
class InspectedRun {
 public:
  explicit InspectedRun(RunProgress progress, std::uint32_t shards = 2);

  [[nodiscard]] const RunDir& dir() const { return *dir_; }
  [[nodiscard]] const RunConfig& config() const { return config_; }
  [[nodiscard]] const std::string& input() const { return input_; }
  /// Returns the samples in id order.
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }
  /// Returns how a sample ends, or will end.
  [[nodiscard]] const Outcome& outcome(const SampleId& id) const { return outcomes_.at(id); }
  /// Returns every file of the run by its name relative to the folder, but for the lock.
  [[nodiscard]] std::map<std::string, std::string> files() const;
  /// Changes what run.json says, and seals it again.
  void change_run_json(const std::function<void(json::Object&)>& change) const;
  /// Takes the run up as a coordinator does; it is held until that is destroyed.
  [[nodiscard]] std::unique_ptr<RunFolder> hold() const;

 private:
  void make_config(std::uint32_t shards);
  void write_input();
  std::unique_ptr<RunFolder> ingest_all();
  void answer(std::uint32_t shards);
  void record(std::uint32_t shards) const;

  std::string root_;
  std::string input_;
  RunConfig config_;
  std::optional<RunDir> dir_;
  std::vector<Sample> samples_;
  std::map<SampleId, Outcome> outcomes_;
  std::vector<Answer> answers_;
  std::vector<Call> calls_;
};

/// Returns whether `text` has `part` in it.
inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace fd::testing_support
