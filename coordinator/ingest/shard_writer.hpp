#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/storage/files.hpp"
#include "coordinator/ingest/id_sorter.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "coordinator/ingest/refusals.hpp"
#include "coordinator/ingest/row_contract.hpp"
#include "protocol/run_dir.hpp"

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

/// Cuts samples that come in id order into the input files of shards, with a manifest beside each.
/// One file is open at a time; nothing is synced. Errors of all members: storage.
class ShardWriter {
 public:
  /// `base` holds what all manifests share: run_id, config_digest, shards.
  ShardWriter(RunDir dir, Manifest base) : dir_(std::move(dir)), base_(std::move(base)) {}

  /// `line` is the sample's line, with its newline. Requires: rising ids.
  Result<void> add(const SampleId& id, std::string_view line, const std::string& database);
  /// Completes the last shard, and makes those that no sample fell into.
  Result<void> finish();

 private:
  Result<void> start();
  Result<void> complete();

  RunDir dir_;
  Manifest base_;
  Manifest manifest_;  ///< of the shard that is open
  std::set<std::string> databases_;
  std::optional<AtomicFile> file_;
  std::uint32_t next_ = 0;
};

/// The second pass of ingest: takes all rows in id order, drops duplicates, writes the shards, and
/// sums up the stages raw, canonical and dedup.
class SecondPass {
 public:
  /// Requires: summary holds run_id, shards, inputs and databases. Counts go there too.
  SecondPass(const RunConfig& config, const RunDir& dir, IngestSummary& summary,
             Refusals& refusals);

  /// Takes the next row. Errors: storage.
  Result<void> take(const IdSorter::Record& record);
  /// Completes the shards and writes the stages' manifests. Errors: storage.
  Result<void> finish(const std::vector<std::string>& raw_columns);

 private:
  /// What a later row with the same id is compared with.
  struct Kept {
    SampleId id;
    std::optional<std::string> gold;
    std::uint32_t database = 0;
    std::uint32_t file = 0;
    std::uint64_t line = 0;
  };
  Result<void> duplicate(const SpilledRow& row);
  Result<void> keep(const IdSorter::Record& record, const SpilledRow& row);
  Result<std::string> write_stage(const std::string& stage, ContentDigest& content,
                                  std::vector<std::string> columns,
                                  std::vector<std::string> parents);

  const RunConfig& config_;
  RunDir dir_;
  IngestSummary& summary_;
  Refusals& refusals_;
  Manifest base_;
  ShardWriter shards_;
  ContentDigest raw_;
  ContentDigest canonical_;
  ContentDigest dedup_;
  std::optional<Kept> kept_;
  Sample sample_;
  std::vector<MemberPlace> places_;
  std::string line_;
};

}  // namespace fd
