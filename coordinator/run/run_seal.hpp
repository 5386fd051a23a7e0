#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/ingest/ingest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

// run.json says of every file that no shard's manifest names what it was when run.json was written
// ("sealed"), and ends with the digest of all that it says itself ("seal"). So each byte of a run
// is covered by exactly one chain: seal -> run.json -> sealed files, among them the shards'
// manifests -> the shards' files.

/// The stages that ingest makes, and those that the merge makes.
inline constexpr const char* kInputStages[] = {"raw", "canonical", "dedup"};
inline constexpr const char* kMergedStages[] = {"teacher", "filtered", "exec",
                                                "scored",  "selected", "distilled"};

/// Returns `path`, which lies in the run's folder, relative to it.
std::string relative_name(const RunDir& dir, const std::string& path);
/// Returns whether `name` is a path within a folder: relative, no empty part, no ".." and no ".".
bool stays_inside(std::string_view name);

/// Returns the files that ingest leaves and no shard's manifest names, databases left out (their
/// names are their digests). Relative to the run's folder, sorted.
std::vector<std::string> ingested_files(const RunDir& dir);
/// Returns whether ingested_files() can list `name`.
bool is_ingested(std::string_view name);
/// Returns the files that the merge derives from the shards, but for timing_report.json.
std::vector<std::string> derived_files(const RunDir& dir);
/// Returns what is sealed once a run is merged, besides the ingested files: the derived ones, and
/// what nothing else covers: manifests and calls of the shards, databases, timing_report.json, the
/// ledger. Sorted.
std::vector<std::string> merged_files(const RunDir& dir, const IngestSummary& ingest);

/// Returns the entries of `files` as they are now, named relative to the run's folder.
/// Errors: corrupt, when one is missing; storage.
Result<std::vector<FileEntry>> entries_of(const RunDir& dir, const std::vector<std::string>& files);

/// Returns the value of "sealed". Requires: sorted by name.
json::Value sealed_to_json(const std::vector<FileEntry>& entries);
/// Reads "sealed"; empty when run.json has none. Errors: corrupt, also for a path that leaves the
/// run's folder.
Result<std::vector<FileEntry>> sealed_from_json(const json::Value& run_json);

/// Returns where two texts first differ; nothing when they are equal.
std::optional<std::uint64_t> first_difference(std::string_view left, std::string_view right);

/// Returns the text of run.json: `object` indented, and as last members "seal_crc32c" (a CRC-32C of
/// each 64 KiB of the text before it) and "seal" (the SHA-256 of the JCS text of the object without
/// it).
std::string sealed_text(json::Object object);

/// Where run.json leaves its seal.
struct SealFault {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string what;
};
/// Returns what is wrong with the text of a run.json, or nothing.
std::optional<SealFault> check_seal(std::string_view text);

}  // namespace fd
