#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/journal.hpp"

// What is left of journals in a folder: read and removed.

namespace fd {

/// A segment of an earlier process that is still in the folder.
struct RecoveredSegment {
  std::string path;
  std::uint64_t last_seq = 0;  ///< it can go once everything up to here is acknowledged
};

/// What the journals of one run hold. Its records are numbered like new ones (see
/// AnswerJournal::release): `ended[i]` is number i + 1, `in_doubt[i]` is ended.size() + i + 1.
struct RecoveredJournal {
  std::vector<Record> ended;  ///< calls that ended, answered or not, in order
  /// Sent, or about to be, when the process died: handed on as in_doubt_record() says.
  std::vector<JournalIntent> in_doubt;
  std::vector<RecoveredSegment> segments;   ///< oldest first
  std::vector<std::uint64_t> incarnations;  ///< whose journals these are
  std::uint64_t torn_bytes = 0;             ///< dropped from the ends of segments
  [[nodiscard]] std::uint64_t last_seq() const { return ended.size() + in_doubt.size(); }
};

/// Reads all segments of a run in a folder, oldest first; those of other runs stay untouched. An
/// intent is in doubt when its own process wrote no end for it. A folder that does not exist holds
/// nothing. `worker`: whose journal it must be; nothing: anybody's.
/// Errors: corrupt (file and offset; a segment of another run, worker or place; a segment that is
/// missing between two others), unsupported (a later format), storage.
Result<RecoveredJournal> read_journal(const std::string& folder, std::string_view run_id,
                                      const std::optional<std::string>& worker = std::nullopt);

/// Removes all segments of a run that is over, durably. Errors: storage.
Result<void> remove_journal(const std::string& folder, std::string_view run_id);

}  // namespace fd
