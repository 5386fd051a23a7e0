#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/ingest/gold_check.hpp"
#include "coordinator/ingest/id_sorter.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "coordinator/ingest/refusals.hpp"
#include "coordinator/ingest/row_remarks.hpp"
#include "coordinator/ingest/shard_writer.hpp"
#include "coordinator/ingest/spilled_row.hpp"
#include "protocol/records.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// The second pass of ingest: takes all rows in id order, drops duplicates, writes the shards, and
/// sums up the stages raw, canonical and dedup.
class SecondPass {
 public:
  /// Requires: summary holds run_id, shards, inputs and databases. Counts go there too.
  SecondPass(const RunConfig& config, const RunDir& dir, IngestSummary& summary, Refusals& refusals,
             RowRemarks& remarks);

  /// Takes the next row. Errors: storage.
  Result<void> take(const IdSorter::Record& record);
  /// Completes the shards and writes the stages' manifests. Errors: storage; invalid_input, as
  /// GoldCheck::finish().
  Result<void> finish(const std::vector<std::string>& raw_columns);

 private:
  /// What a later row with the same id is compared with.
  struct Kept {
    SampleId id;
    std::vector<std::string> golds;
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
  RowRemarks& remarks_;
  Manifest base_;
  ShardWriter shards_;
  ContentDigest raw_;
  ContentDigest canonical_;
  ContentDigest dedup_;
  GoldCheck golds_;
  std::optional<Kept> kept_;
  Sample sample_;
  std::vector<MemberPlace> places_;
  std::string line_;
};

}  // namespace fd
