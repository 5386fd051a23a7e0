#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/ingest/ingest.hpp"
#include "coordinator/run/run_kind.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

// run.json ends with the digest of all that it says itself ("seal"). It says of the files of the
// ingest what they were ("ingested"), and from the end of the run on also of seal.jsonl ("sealed"),
// which has a line for every other file that no shard's manifest names
// (coordinator/run/seal_file.hpp). So each byte of a run is covered by exactly one chain: seal ->
// run.json -> seal.jsonl -> sealed files, among them the shards' manifests -> the shards' files.

/// Returns `path`, which lies in the run's folder, relative to it.
std::string relative_name(const RunDir& dir, const std::string& path);
/// Returns whether `name` is a path within a folder: relative, no empty part, no ".." and no ".".
bool stays_inside(std::string_view name);

/// Returns the files that ingest leaves and no shard's manifest names, databases left out (their
/// names are their digests). Relative to the run's folder, sorted.
std::vector<std::string> ingested_files(const RunDir& dir, RunKind kind);
/// Returns the files that the merge derives from the shards, but for timing_report.json.
std::vector<std::string> derived_files(const RunDir& dir, RunKind kind);
/// Returns what is sealed once a run is merged, besides the ingested files: the derived ones, and
/// what nothing else covers: manifests and calls of the shards, databases, timing_report.json, the
/// ledger. Sorted. The ledger may not be there, where every shard was replayed by hand. Only names,
/// so that a run of the most shards takes some MB.
std::vector<std::string> merged_files(const RunDir& dir, RunKind kind, const IngestSummary& ingest);

/// Returns the entries of `files` as they are now, named relative to the run's folder.
/// Errors: corrupt, when one is missing; storage.
Result<std::vector<FileEntry>> entries_of(const RunDir& dir, const std::vector<std::string>& files);

/// Reads a file's entry, with its path as the member `path`; `where` is what messages call it.
/// Errors: corrupt, also for a path that leaves the run's folder.
Result<FileEntry> named_entry(const json::Value& value, const std::string& where);
/// Returns the value of "ingested". Requires: sorted by name.
json::Value ingested_to_json(const std::vector<FileEntry>& entries);
/// Reads "ingested". Errors: corrupt, also when run.json has none.
Result<std::vector<FileEntry>> ingested_from_json(const json::Value& run_json);

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
