#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/shards/current.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/records.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// The files of a finished shard as they lie on disk, and the manifest that they agree with.
struct ShardTexts {
  Manifest manifest;
  std::string input;
  std::string answers;
  std::string outcomes;
  std::string config;  ///< semantic_config(), as JSON
  std::string calls;   ///< decides no output and is in no manifest
};

/// The records of a finished shard, and what its manifest and its config.json say.
struct ShardRows {
  Manifest manifest;
  std::string config_text;
  std::vector<Sample> samples;
  std::vector<Answer> answers;    ///< in their order
  std::vector<Call> calls;        ///< in their order
  std::vector<Outcome> outcomes;  ///< one per sample, in their order
};

/// Reads shards/<k>/input.jsonl, in id order, and checks it against its manifest.
/// Errors: corrupt, naming file and offset; storage; not_found.
Result<std::vector<Sample>> read_shard_input(const RunDir& dir, std::uint32_t shard);

/// Reads shards/<k>/manifest.json. Errors: corrupt, not_found.
Result<Manifest> read_shard_manifest(const RunDir& dir, std::uint32_t shard);

/// Reads the manifest of the shard that lies in `folder`. Errors: corrupt, not_found.
Result<Manifest> read_shard_manifest_at(const std::string& folder);

/// Reads a manifest. Errors: corrupt, naming the file; not_found; unsupported (a newer one).
Result<Manifest> read_manifest(const std::string& path);

/// Where a file's bytes first leave what an entry says of them.
struct FileDamage {
  std::uint64_t offset = 0;  ///< of the first block that differs; else where the shorter one ends
  std::uint64_t length = 0;  ///< bytes of that block that the file has; 0: the file ends there
  std::uint64_t blocks = 0;  ///< how many 64 KiB blocks differ
  /// Both the SHA-256 and a block's CRC disagree: the file differs from what was written. When only
  /// one of them does, it is the entry that is damaged.
  bool in_file = false;
};
/// Compares what a manifest says of a file with what the file is. Requires: they are not equal.
FileDamage find_damage(const FileEntry& expected, const FileEntry& actual);

/// Returns what a manifest says of a file that has this text.
FileEntry digest_text(std::string_view text, std::string name);
/// A file that a manifest or run.json promises and that is not there is damage, not a wrong name.
Error missing_is_corrupt(Error error);

/// Reads the file `path` and checks it against `entry`.
/// Errors: corrupt, naming the file and the offset of the first 64 KiB block that differs; storage.
Result<std::string> read_checked(const std::string& path, const FileEntry& entry);

/// Reads a file of the shard in `folder` and checks it against `manifest`. Errors: corrupt, also
/// when the manifest does not name it; storage.
Result<std::string> read_shard_file(const std::string& folder, const Manifest& manifest,
                                    const char* name);

/// Reads a shard whose samples all have outcomes, and checks every file against the manifest. All
/// files are of one state of the shard, also when another process writes it again meanwhile.
/// Errors: corrupt, naming the file (a shard that is not finished is one); busy, when it was
/// written again during each of kSteadyReadsMax reads; storage.
Result<ShardTexts> read_finished_shard(const RunDir& dir, std::uint32_t shard);

/// Does the same with a shard that lies in `folder`.
Result<ShardTexts> read_finished_shard_at(const std::string& folder);

/// Reads the records of the finished shard that lies in `folder`. Errors: corrupt, naming file,
/// line and byte (also for a shard that is not finished); unsupported (a newer manifest); storage.
Result<ShardRows> read_shard_rows(const std::string& folder);

/// Returns the answers of a finished shard that lies in `folder`, in their order.
/// Errors: corrupt, naming file and place; storage.
Result<std::vector<Answer>> read_shard_answers(const std::string& folder, const Manifest& manifest);

/// Returns the samples of an input.jsonl, in id order; `path` is what messages call it.
/// Errors: corrupt, naming line and byte; also when there are not `count`.
Result<std::vector<Sample>> samples_of(std::string_view text, const std::string& path,
                                       std::uint64_t count);

}  // namespace fd
