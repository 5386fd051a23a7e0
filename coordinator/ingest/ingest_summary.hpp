#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/manifest.hpp"

namespace fd {

/// One input file as it was read.
struct InputFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  Digest sha256;       ///< of the file's bytes as they lie on disk (compressed, if so)
  bool array = false;  ///< its rows are the items of one JSON array; not in run.json
};

/// One database that rows name, as it lies under databases/.
struct DatabaseFile {
  std::string digest;  ///< hexadecimal SHA-256; the name under databases/
  std::string source;  ///< where it was found
  std::uint64_t bytes = 0;
};

/// What ingest found. The conservation law's left side: raw = invalid + duplicate + unique.
struct IngestSummary {
  std::string run_id;
  std::uint64_t raw = 0;
  std::uint64_t invalid = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t conflict = 0;  ///< duplicates whose gold or database differed (not strict)
  std::uint64_t unique = 0;
  std::uint32_t shards = 0;
  std::vector<InputFile> inputs;
  std::vector<DatabaseFile> databases;
  std::vector<std::string> warnings;  ///< of rows that are mostly a mistake; not in run.json
};

/// Returns the part of run.json on the ingest.
json::Value to_json(const IngestSummary& ingest);
/// Reads it. Errors: corrupt, naming the member.
Result<IngestSummary> ingest_summary_from_json(const json::Value& value);

}  // namespace fd
