#include "actors/journal/journal_recovery.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "actors/journal/segment_name.hpp"
#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"

namespace fd {
namespace {

/// Returns the segments of a run, oldest first.
Result<std::vector<SegmentFile>> list_segments(const std::string& folder, std::string_view run_id) {
  std::vector<SegmentFile> files;
  FD_TRY(const std::vector<std::string> names, names_in(folder));
  for (const std::string& name : names) {
    if (auto file = parse_segment_name(name); file && file->run_id == run_id) {
      files.push_back(std::move(*file));
    }
  }
  std::sort(files.begin(), files.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return std::tie(a.incarnation, a.number, a.sealed) <
           std::tie(b.incarnation, b.number, b.sealed);
  });
  return files;
}

Result<std::string> read_segment(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return storage_error(path);
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{Errc::corrupt, path + ": is no regular file"};
  }
  auto bytes = read_file(path, kMaxSegmentBytes);
  if (!bytes.ok() && bytes.error().code == Errc::exhausted) {
    return Error{Errc::corrupt, bytes.error().message};
  }
  return bytes;
}

/// Puts together what the segments of a run say.
class Recovery {
 public:
  Recovery(const std::string& folder, const std::optional<std::string>& worker)
      : folder_(folder), worker_(worker) {}

  /// Requires: in order. `last`: no later segment of the incarnation is there.
  Result<void> read(const SegmentFile& file, bool last) {
    const std::string path = folder_ + "/" + file.name;
    FD_TRY(const std::string bytes, read_segment(path));
    auto scanned = scan_segment(bytes, file.sealed || !last ? Sealing::required : Sealing::unknown);
    if (!scanned.ok()) {
      return scanned.error().within(path);
    }
    if (scanned->header) {
      FD_TRY_VOID(check(*scanned->header, file, path));
    }
    for (JournalEntry& entry : scanned->entries) {
      take(std::move(entry));
    }
    journal_.torn_bytes += scanned->torn_bytes;
    journal_.segments.push_back({path, journal_.ended.size()});
    return {};
  }

  /// Ends an incarnation: what it has no end for is in doubt.
  void end_incarnation(std::uint64_t incarnation) {
    journal_.incarnations.push_back(incarnation);
    for (Open& open : open_) {
      if (!open.ended) {
        journal_.in_doubt.push_back(std::move(open.intent));
        doubts_.push_back(open.segment);
      }
    }
    open_.clear();
    by_call_.clear();
  }

  RecoveredJournal finish() {
    for (std::size_t i = 0; i < doubts_.size(); ++i) {
      RecoveredSegment& segment = journal_.segments[doubts_[i]];
      segment.last_seq = std::max(segment.last_seq, journal_.ended.size() + i + 1);
    }
    return std::move(journal_);
  }

 private:
  struct Open {
    JournalIntent intent;
    std::size_t segment = 0;
    bool ended = false;
  };
  using CallOf = std::pair<SampleId, Digest>;

  Result<void> check(const SegmentHeader& header, const SegmentFile& file,
                     const std::string& path) const {
    const JournalIdentity& journal = header.journal;
    if (journal.run_id != file.run_id || journal.incarnation != file.incarnation ||
        header.number != file.number) {
      return Error{Errc::corrupt,
                   path + ": offset 0: its header says " + segment_name(header, file.sealed)};
    }
    if (worker_ && journal.worker != *worker_) {
      return Error{Errc::corrupt, path + ": offset 0: is the journal of worker " + journal.worker +
                                      ", not of " + *worker_};
    }
    return {};
  }

  void take(JournalEntry entry) {
    if (auto* intent = std::get_if<JournalIntent>(&entry)) {
      by_call_.emplace(intent->key(), open_.size());
      open_.push_back({std::move(*intent), journal_.segments.size(), false});
    } else if (const auto* cancelled = std::get_if<JournalCancelled>(&entry)) {
      settle({cancelled->sample_id, cancelled->call_key});
    } else {
      auto& end = std::get<JournalEnd>(entry);
      if (end.call) {
        settle(end.call->key());
      }
      journal_.ended.push_back(std::move(end));
    }
  }

  /// Settles the oldest open intent of a call; it may have been in a segment that is gone.
  void settle(const CallOf& call) {
    if (const auto found = by_call_.find(call); found != by_call_.end()) {
      open_[found->second].ended = true;
      by_call_.erase(found);
    }
  }

  const std::string& folder_;
  const std::optional<std::string>& worker_;
  RecoveredJournal journal_;
  std::vector<Open> open_;  ///< intents of this incarnation, in order
  std::multimap<CallOf, std::size_t> by_call_;
  std::vector<std::size_t> doubts_;  ///< in which segment each intent in doubt stands
};

}  // namespace

Result<RecoveredJournal> read_journal(const std::string& folder, std::string_view run_id,
                                      const std::optional<std::string>& worker) {
  FD_TRY(const std::vector<SegmentFile> files, list_segments(folder, run_id));
  Recovery recovery(folder, worker);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool last = i + 1 == files.size() || files[i + 1].incarnation != files[i].incarnation;
    if (!last && files[i + 1].number != files[i].number + 1) {
      return Error{Errc::corrupt, folder + "/" + files[i + 1].name + ": does not follow " +
                                      files[i].name + ", a segment is missing or there twice"};
    }
    FD_TRY_VOID(recovery.read(files[i], last));
    if (last) {
      recovery.end_incarnation(files[i].incarnation);
    }
  }
  return recovery.finish();
}

Result<void> remove_journal(const std::string& folder, std::string_view run_id) {
  FD_TRY(const std::vector<SegmentFile> files, list_segments(folder, run_id));
  for (const SegmentFile& file : files) {
    const std::string path = folder + "/" + file.name;
    if (::unlink(path.c_str()) != 0) {
      return storage_error(path);
    }
  }
  return files.empty() ? Result<void>() : sync_folder(folder);
}

}  // namespace fd
