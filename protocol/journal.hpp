#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

// The bytes of a worker's journal (docs/protocol.md, Journal): what was about to be sent to a
// teacher, and what came of it. Pure; actors/journal/answer_journal does the input and output.
//
// A segment is written in batches, each synced before the next is begun. A batch begins with a mark
// ("all before me is on disk"), so a reader can tell what a crash may have left of the one batch
// that was not synced yet from damage to bytes that were.

namespace fd {

inline constexpr std::size_t kJournalHeaderBytes = 248;  ///< of a segment
/// The longest tail that a crash can leave: one batch.
inline constexpr std::size_t kMaxUnsyncedBytes = kMaxJournalRecordBytes + 1024;
inline constexpr std::size_t kSegmentBytes = 8u << 20;  ///< a new segment is begun beyond it
/// What a reader takes: a segment whose last record is the largest.
inline constexpr std::size_t kMaxSegmentBytes = kSegmentBytes + kMaxUnsyncedBytes;

/// Whose journal it is.
struct JournalIdentity {
  std::string run_id;
  std::string worker;             ///< its name, 1 to kMaxNameBytes bytes
  std::uint64_t incarnation = 0;  ///< of the process that writes
  friend bool operator==(const JournalIdentity&, const JournalIdentity&) = default;
};

/// What a segment begins with.
struct SegmentHeader {
  JournalIdentity journal;
  std::uint32_t number = 0;  ///< 0, 1, 2, ... within one incarnation
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

/// A call that is about to be sent. Without an end behind it, it is in doubt.
struct JournalIntent : CallIdentity {
  std::uint32_t count = 1;  ///< as in Call
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint64_t estimated_prompt_tokens = 0;
  std::uint32_t max_tokens = 0;
  std::string endpoint;              ///< provider it is meant for; empty: not chosen yet
  std::optional<double> cost_bound;  ///< USD that it can cost at most; nothing: not known
  friend bool operator==(const JournalIntent&, const JournalIntent&) = default;
};

/// Returns what is reported of an intent without an end: its call was in flight when the process
/// ended, so it was possibly paid for.
Record in_doubt_record(const JournalIntent& intent);

/// An intent that was dropped before it came to a result.
struct JournalCancelled {
  SampleId sample_id;
  Digest call_key;
  friend bool operator==(const JournalCancelled&, const JournalCancelled&) = default;
};

/// What a call brought, its outcome never set: its end, with or without an answer; or an answer of
/// a purchase that has not ended yet, without the call.
using JournalEnd = Record;

using JournalEntry = std::variant<JournalIntent, JournalCancelled, JournalEnd>;

/// What a record is: the first byte of its body.
enum class JournalKind : std::uint8_t { intent = 1, end = 2, cancelled = 3, mark = 4, seal = 5 };

/// Returns how many bytes of a segment a payload takes up.
std::size_t framed_bytes(std::string_view payload);

/// Frames records. The caller brings the bytes to disk, in this order and without gaps.
class SegmentWriter {
 public:
  /// Requires: valid_run_id(run_id), and a worker's name within its limits.
  explicit SegmentWriter(const SegmentHeader& header);

  /// Returns the header: synced, with the folder, before anything else is written.
  [[nodiscard]] const std::string& header() const { return header_; }
  /// Returns how long the segment is with all that was framed.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// Appends a record to `out`. Requires: the payload within kMaxJournalRecordBytes - 1.
  void append(JournalKind kind, std::string_view payload, std::string& out);
  /// Appends the mark that a batch begins with. Requires: all before it is synced first.
  void mark(std::string& out);
  /// Appends the seal: the last record of a segment.
  void seal(std::string& out);

 private:
  std::string header_;
  std::uint32_t header_crc_ = 0;
  std::uint32_t chain_ = 0;  ///< the CRC of the record before
  std::uint64_t bytes_ = 0;
  std::uint64_t records_ = 0;
};

/// What a segment holds.
struct ScannedSegment {
  /// Nothing when the process died before the header was on disk, which is before any record.
  std::optional<SegmentHeader> header;
  std::vector<JournalEntry> entries;  ///< in the order in which they were written
  std::uint64_t valid_bytes = 0;      ///< header and whole records
  std::uint64_t torn_bytes = 0;       ///< dropped behind them; 0: the segment is whole
  bool sealed = false;
};

/// What is known of a segment from outside of it.
enum class Sealing {
  required,  ///< its name says that it is sealed, or a later segment of the incarnation is there
  unknown,   ///< it may have been cut off by a crash
};

/// Reads a segment.
///
/// With Sealing::required every byte must be in its place. Else, what follows the last whole record
/// is a torn tail, and dropped, when a crash can have left it: it has at most kMaxUnsyncedBytes and
/// holds no mark, for a mark behind the first broken record proves that this one was synced whole.
/// Not detectable: damage to the last batch before a crash (it looks torn), and a cut that removes
/// whole batches from the end of a segment that was never sealed.
///
/// Errors: corrupt ("offset N: why"), unsupported (a later format; the header says so).
Result<ScannedSegment> scan_segment(std::string_view bytes, Sealing sealing);

}  // namespace fd
