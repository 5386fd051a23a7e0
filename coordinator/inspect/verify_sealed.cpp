#include "coordinator/inspect/verify_sealed.hpp"

#include <algorithm>

#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {

std::set<std::string> find_replayed(const RunDir& dir, const RunTruth& truth,
                                    const std::map<std::uint32_t, FileEntry>& manifests,
                                    Verification& verification) {
  std::set<std::string> replayed;
  for (const auto& [shard, actual] : manifests) {
    const std::string name = relative_name(dir, dir.shard_file(shard, RunDir::kManifest));
    const auto entry = std::find_if(truth.sealed.begin(), truth.sealed.end(),
                                    [&](const FileEntry& one) { return one.name == name; });
    const bool under_way =
        current_file(dir.shard(shard), RunDir::kManifest) != dir.root() + "/" + name;
    const bool other = entry != truth.sealed.end() && entry->sha256 != actual.sha256;
    if ((!under_way && !other) || verification.has_problem(name)) {
      continue;
    }
    replayed.insert(name);
    replayed.insert(relative_name(dir, dir.shard_file(shard, RunDir::kCalls)));
    if (!under_way) {
      verification.note(dir.shard(shard) +
                        ": was written after the run was merged; to merge it: fd-coordinator "
                        "resume " +
                        dir.root());
    }
  }
  return replayed;
}

Result<void> verify_sealed(const RunDir& dir, const RunTruth& truth, bool merged_from,
                           const std::set<std::string>& replayed, Verification& verification) {
  for (const FileEntry& entry : truth.sealed) {
    verification.expect(entry.name);
    if (entry.name.starts_with("shards/") != merged_from || replayed.count(entry.name) > 0) {
      continue;
    }
    FD_TRY(const auto actual, verification.read_digest(dir, entry.name));
    if (actual && *actual != entry) {
      verification.damaged(entry.name, entry, *actual, kRunJson);
    }
  }
  return {};
}

Result<void> verify_databases(const RunDir& dir, const RunTruth& truth,
                              Verification& verification) {
  for (const DatabaseFile& database : truth.facts.ingest.databases) {
    const std::string name = relative_name(dir, dir.database(database.digest));
    FD_TRY(const auto actual, verification.read_digest(dir, name));
    if (actual && actual->sha256.hex() != database.digest) {
      verification.problem(name, 0, actual->bytes, "its SHA-256 is not its name");
    }
  }
  return {};
}

}  // namespace fd
