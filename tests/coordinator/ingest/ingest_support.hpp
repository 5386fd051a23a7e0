#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordinator/ingest/ingest.hpp"
#include "protocol/manifest.hpp"
#include "protocol/records.hpp"
#include "tests/support/small_database.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd::testing_support {

std::string gzipped(std::string_view text);
std::string zstandard(std::string_view text);

/// Returns a text2sql config with the fields schema and instruction, and 3 shards.
RunConfig ingest_config();

/// Returns a line of the input, without its end, whose gold and database are `gold` and "a.sqlite".
std::string row_line(std::string_view instruction, std::string_view gold = "SELECT 1");

/// Returns lines joined, each with its end.
std::string text_of(const std::vector<std::string>& lines);

/// A folder with an input, its database a.sqlite, and what ingest makes of it.
class IngestJob {
 public:
  IngestJob();
  TempFolder folder;
  RunConfig config = ingest_config();
  std::vector<InputSpec> inputs;  ///< samples.jsonl, unless changed
  std::uint64_t limit = 0;

  /// Writes samples.jsonl.
  void put_rows(const std::vector<std::string>& lines) const;
  /// Ingests into a new folder out/.
  Result<IngestSummary> ingest();
  /// Returns what ingest() refuses with; fails the test when it does not.
  Error refusal();
  /// Returns the one reason why `line`, in second place behind a good one, is refused.
  std::string why_refused(const std::string& line);

  [[nodiscard]] Manifest manifest(const std::string& name) const;
  [[nodiscard]] Manifest stage(const std::string& name) const;
  [[nodiscard]] std::vector<Sample> shard(std::uint32_t index) const;
  /// Returns the samples of all shards in turn.
  [[nodiscard]] std::vector<Sample> samples(std::uint32_t shards) const;
};

/// Returns what the ingest found, which must succeed.
IngestSummary done(IngestJob& here);

/// Returns `count` lines of different questions.
std::vector<std::string> many_rows(int count);

}  // namespace fd::testing_support
