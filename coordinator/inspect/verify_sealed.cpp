#include "coordinator/inspect/verify_sealed.hpp"

#include <functional>
#include <optional>
#include <utility>

#include "actors/storage/files.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/run/seal_file.hpp"
#include "coordinator/shards/current.hpp"
#include "coordinator/shards/files.hpp"

namespace fd {
namespace {

/// Walks the lines of seal.jsonl beside the names that they should have.
class SealChecker {
 public:
  SealChecker(const RunDir& dir, const RunTruth& truth)
      : dir_(dir),
        lines_(dir),
        ledger_(relative_name(dir, dir.ledger())),
        expected_(merged_files(dir, truth.facts.kind, truth.facts.ingest)) {}

  /// Returns the first line that is wrong, or nothing. Errors: not_found, storage.
  Result<std::optional<SealFault>> first_fault() {
    std::string_view line;
    for (;;) {
      auto more = lines_.next(line);
      if (!more.ok() && more.error().code == Errc::exhausted) {
        return fault(0, more.error().message);
      }
      FD_TRY_VOID(more.ok() ? Result<void>() : Result<void>(more.error()));
      if (!*more) {
        return fault_at_end();
      }
      std::string why = fault_of(line);
      if (!why.empty()) {
        return fault(line.size() + (lines_.ended() ? 1 : 0),
                     "line " + std::to_string(lines_.number()) + ": " + why);
      }
    }
  }
  [[nodiscard]] std::uint64_t line_count() const { return lines_.number(); }

 private:
  std::optional<SealFault> fault(std::uint64_t length, std::string what) const {
    return SealFault{lines_.offset(), length, std::move(what)};
  }

  std::optional<SealFault> fault_at_end() {
    skip_ledger("");
    return at_ < expected_.size() ? fault(0, "its line of " + expected_[at_] + " is missing")
                                  : std::nullopt;
  }

  /// A run of which every shard was replayed by hand has no ledger.
  void skip_ledger(const std::string& name) {
    if (at_ < expected_.size() && expected_[at_] == ledger_ && name != ledger_ &&
        !file_exists(dir_.ledger())) {
      ++at_;
    }
  }

  std::string fault_of(std::string_view line) {
    const auto entry = entry_from_seal_line(line);
    if (!entry.ok()) {
      return entry.error().message;
    }
    if (!lines_.ended()) {
      return "has no end";
    }
    if (entry->name <= last_) {
      return entry->name + " is out of order";
    }
    skip_ledger(entry->name);
    if (at_ == expected_.size() || entry->name < expected_[at_]) {
      return "no file that is sealed is called " + entry->name;
    }
    if (entry->name > expected_[at_]) {
      return "the line of " + expected_[at_] + " is missing before it";
    }
    last_ = expected_[at_++];
    return {};
  }

  const RunDir& dir_;
  SealLines lines_;
  const std::string ledger_;
  const std::vector<std::string> expected_;
  std::size_t at_ = 0;
  std::string last_;
};

/// Calls take(entry) with each entry of a seal.jsonl that is sound; with none when it is not.
Result<void> each_sealed(const RunDir& dir, const RunTruth& truth, const Verification& verification,
                         const std::function<Result<void>(const FileEntry&)>& take) {
  if (!truth.facts.sealed || verification.has_problem(kSealFile)) {
    return {};
  }
  SealLines lines(dir);
  for (std::string_view line;;) {
    FD_TRY(const bool more, lines.next(line));
    if (!more) {
      return {};
    }
    FD_TRY(const FileEntry entry, entry_from_seal_line(line));
    FD_TRY_VOID(take(entry));
  }
}

}  // namespace

Result<void> verify_seal_file(const RunDir& dir, const RunTruth& truth,
                              Verification& verification) {
  const SealFile& sealed = *truth.facts.sealed;
  FD_TRY(const auto actual, verification.read_digest(dir, kSealFile));
  if (actual) {
    SealChecker checker(dir, truth);
    FD_TRY(const auto fault, checker.first_fault());
    if (fault) {
      verification.problem(kSealFile, fault->offset, fault->length, fault->what);
    } else if (*actual != sealed.entry) {
      verification.damaged(kSealFile, sealed.entry, *actual, kRunJson);
    } else if (checker.line_count() != sealed.lines) {
      verification.problem(kSealFile, actual->bytes, 0,
                           "has " + std::to_string(checker.line_count()) +
                               " lines, run.json says " + std::to_string(sealed.lines));
    }
  }
  if (verification.has_problem(kSealFile)) {
    verification.note("seal.jsonl is damaged: what rests on it was not checked");
  }
  return {};
}

Result<std::set<std::string>> find_replayed(const RunDir& dir, const RunTruth& truth,
                                            const std::map<std::uint32_t, FileEntry>& manifests,
                                            Verification& verification) {
  std::map<std::string, Digest> current;  // as names are sorted in seal.jsonl
  std::set<std::string> others;
  for (const auto& [shard, actual] : manifests) {
    current[relative_name(dir, dir.shard_file(shard, RunDir::kManifest))] = actual.sha256;
  }
  FD_TRY_VOID(each_sealed(dir, truth, verification, [&](const FileEntry& entry) -> Result<void> {
    const auto found = current.find(entry.name);
    if (found != current.end() && found->second != entry.sha256) {
      others.insert(entry.name);
    }
    return {};
  }));
  std::set<std::string> replayed;
  for (const auto& [shard, actual] : manifests) {
    const std::string name = relative_name(dir, dir.shard_file(shard, RunDir::kManifest));
    const bool under_way =
        current_file(dir.shard(shard), RunDir::kManifest) != dir.root() + "/" + name;
    if ((!under_way && !others.contains(name)) || verification.has_problem(name)) {
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
  const std::string ledger = relative_name(dir, dir.ledger());  // the merge counts its late calls
  const auto compare = [&](const FileEntry& entry, const char* whose_word) -> Result<void> {
    verification.expect(entry.name);
    const bool read = entry.name.starts_with("shards/") || entry.name == ledger;
    if (read != merged_from || replayed.count(entry.name) > 0) {
      return {};
    }
    FD_TRY(const auto actual, verification.read_digest(dir, entry.name));
    if (actual && *actual != entry) {
      verification.damaged(entry.name, entry, *actual, whose_word);
    }
    return {};
  };
  for (const FileEntry& entry : truth.facts.ingested) {
    FD_TRY_VOID(compare(entry, kRunJson));
  }
  return each_sealed(dir, truth, verification,
                     [&](const FileEntry& entry) { return compare(entry, kSealFile); });
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
