#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/storage/files.hpp"
#include "coordinator/merge/merge_output.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// How a file of a run compares with the one that the shards make.
struct FileComparison {
  bool missing = false;
  std::uint64_t bytes = 0;               ///< of the file that is there
  std::optional<std::uint64_t> differs;  ///< the first byte that is not equal; none: all are
};

/// Compares what a merge derives with the files of the run, as it is derived. Writes nothing.
/// Memory: a block of each file that is compared at a time.
class ComparedOutput final : public MergeOutput {
 public:
  /// `names`: the files to compare, relative to the run's folder; others are not looked at.
  /// Lifetime: `dir` outlives it.
  ComparedOutput(const RunDir& dir, const std::vector<std::string>& names,
                 std::size_t block_bytes = BlockReader::kBlockBytes);

  Result<std::unique_ptr<DerivedFile>> create(const std::string& path) override;

  /// Returns what was found, by name; complete once every file is committed.
  [[nodiscard]] const std::map<std::string, FileComparison>& found() const { return found_; }

 private:
  const RunDir& dir_;
  std::map<std::string, FileComparison> found_;
  std::size_t block_bytes_;
};

}  // namespace fd
