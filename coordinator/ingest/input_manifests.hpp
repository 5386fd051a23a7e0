#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"

namespace fd {

/// Returns the members that a line of input.jsonl can have, sorted.
std::vector<std::string> sample_columns();

// The manifests that ingest writes, piece by piece; `verify` makes them again from the files.
// `base` holds what all of them share: run_id, config_digest, shards.

/// Returns the manifest of a pending shard before its first sample.
Manifest unread_shard(const Manifest& base, std::uint32_t shard);
/// Counts the next sample of the shard. Requires: rising ids.
void count_sample(const SampleId& id, Manifest& manifest);
/// Enters the shard's input.jsonl, which is complete, and the databases that its samples name.
void close_input(FileEntry entry, const std::set<std::string>& databases, Manifest& manifest);
/// Returns the manifest of the stage raw, canonical or dedup; ends `content`.
Manifest input_stage(const Manifest& base, const std::string& stage, ContentDigest& content,
                     std::vector<std::string> columns, std::vector<std::string> parents);
/// Returns the bytes of a manifest.json of any of these.
std::string input_manifest_text(const Manifest& manifest);

/// Writes the manifest to `path`, unsynced. Errors: storage.
Result<void> write_input_manifest(const std::string& path, const Manifest& manifest);

}  // namespace fd
