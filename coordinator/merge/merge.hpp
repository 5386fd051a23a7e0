#pragma once

#include "coordinator/ingest/ingest_summary.hpp"
#include "coordinator/merge/merge_output.hpp"
#include "coordinator/reports/run_summary.hpp"
#include "coordinator/reports/timing.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Streams all committed shards in id order: checks that ids rise, that each shard matches its
/// manifest, and the conservation law; writes stage manifests, quality, timing and cost reports,
/// and the export with its dataset card. Every file atomically; the same inputs give the same bytes
/// (timing and cost excepted). Memory: flat in the number of samples.
/// Errors: corrupt (naming shard and file), storage.
Result<RunSummary> merge_run(const RunDir& dir, const RunConfig& config,
                             const IngestSummary& ingest, const RunTimes& times);

/// The same, but what it derives goes to `output`: how a merge is checked.
Result<RunSummary> merge_run(const RunDir& dir, const RunConfig& config,
                             const IngestSummary& ingest, const RunTimes& times,
                             MergeOutput& output);

}  // namespace fd
