#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/ingest/ingest_summary.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// How many refused rows an error lists.
inline constexpr std::size_t kMaxListedRefusals = 20;

/// Where rows come from. `path` "-" is standard input. Relative paths are already resolved.
struct InputSpec {
  std::string path;
};

struct IngestOptions {
  std::vector<InputSpec> inputs;
  const RunConfig* config = nullptr;
  std::string directory;    ///< an existing empty folder that becomes the run's folder
  std::uint64_t limit = 0;  ///< take only the first rows; 0: all
  /// Gives the run's id once the inputs' digests are known (the manifests name it).
  std::function<std::string(const std::vector<InputFile>&)> run_id;
  std::function<void(std::uint64_t rows)> progress;  ///< called now and then; may be empty
};

/// Reads, canonicalizes, deduplicates and shards the input into `directory`: databases/<digest>,
/// invalid.jsonl (unless strict), shards/<k>/{input.jsonl,manifest.json (pending)} and the
/// manifests of the stages raw, canonical and dedup. Memory: flat in the number of rows. Errors:
/// bad_data, listing up to kMaxListedRefusals refused rows as "file:line: why", or saying which
/// file cannot be read or that there is no valid row; storage.
Result<IngestSummary> ingest(const IngestOptions& options);

/// Returns the default run id: `<task>-` and 16 hexadecimal digits of the SHA-256 of the JCS text
/// of
/// {"config", "inputs"[, "limit"]}, digests in hexadecimal.
std::string default_run_id(const RunConfig& config, const std::vector<InputFile>& inputs,
                           std::uint64_t limit);

/// Prints {"canonical_input","line","sample_id"} for every row, in input order, through `write`.
/// Memory: flat. Errors: as ingest(); refused rows are told after the last one.
Result<void> print_ids(const RunConfig& config, const std::vector<InputSpec>& inputs,
                       const std::function<Result<void>(std::string_view)>& write);

}  // namespace fd
