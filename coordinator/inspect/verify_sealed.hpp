#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "coordinator/inspect/verify_shards.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Compares seal.jsonl with what run.json says of it, and its lines with the files that the run
/// should have. What is wrong with it is a problem, and then no line of it counts.
/// Requires: the run came to its end. Memory: one line and the names. Errors: storage.
Result<void> verify_seal_file(const RunDir& dir, const RunTruth& truth, Verification& verification);

/// Returns the files of shards that are sound, but not as they were when the run was merged, and
/// notes each such shard. `manifests`: of the shards that are sound, as they are now.
/// Requires: verify_seal_file(). Errors: storage.
Result<std::set<std::string>> find_replayed(const RunDir& dir, const RunTruth& truth,
                                            const std::map<std::uint32_t, FileEntry>& manifests,
                                            Verification& verification);

/// Compares files with their digests in seal.jsonl: those that the merge reads (`merged_from`), or
/// the others. `replayed` files are left out. Requires: verify_seal_file(). Errors: storage.
Result<void> verify_sealed(const RunDir& dir, const RunTruth& truth, bool merged_from,
                           const std::set<std::string>& replayed, Verification& verification);

/// A database is named by its digest, so that it is known to be whole before a run is finished.
/// Errors: storage.
Result<void> verify_databases(const RunDir& dir, const RunTruth& truth, Verification& verification);

}  // namespace fd
