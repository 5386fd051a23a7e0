#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/journal/call_journal.hpp"
#include "actors/journal/journal_files.hpp"
#include "actors/journal/journal_recovery.hpp"
#include "actors/system/clock.hpp"
#include "protocol/base/result.hpp"
#include "protocol/journal.hpp"

namespace fd {

inline constexpr std::size_t kMaxBatchBytes = 1u << 20;  ///< one sync, unless a record is larger

struct AnswerJournalOptions {
  /// How long a batch is left open for more records, at least: longer where calls take long
  /// (half of company_wait). A sync costs as much processor time as a hundred records, so sharing
  /// it is what counts; it delays each record by as much.
  std::chrono::microseconds gather{2000};
  std::uint64_t segment_bytes = kSegmentBytes;
  JournalFiles* files = nullptr;  ///< nothing: the file system. Must outlive the journal
  /// Called once, on the journal's thread, when the disk failed: nothing is durable from then on,
  /// and the process must end (exit 7), for a sync that failed must not be tried again.
  std::function<void(const Error&)> on_failure = [](const Error&) {};
};

/// The journal of one run in one process. Records are queued; one thread writes what has gathered
/// with one write and one sync, and then calls the callbacks of those records, in order.
/// Requires: lock_journals() is held on the folder. Thread: any, for all members; the callbacks
/// come on the journal's thread and must only hand on.
class AnswerJournal final : public CallJournal {
 public:
  /// Begins the journal's first segment, durably. `recovered`: what read_journal() found of the
  /// run, whose segments are removed once they are released, and whose numbers are gone on with.
  /// Errors: refused (a run id or a name that is none), storage.
  static Result<std::unique_ptr<AnswerJournal>> open(const std::string& folder,
                                                     const JournalIdentity& identity,
                                                     const RecoveredJournal& recovered,
                                                     AnswerJournalOptions options = {});
  /// Writes what is queued, calls the callbacks, and seals the journal; a journal of which all is
  /// released is removed. Requires: not on the journal's thread.
  ~AnswerJournal() override;

  std::uint32_t append_intent(const JournalIntent& intent, Then then) override;
  std::uint64_t append_end(std::uint32_t ticket, const JournalEnd& end, Then then) override;
  void append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled,
                        Then then = {}) override;

  /// Everything up to number `seq` is acknowledged. Segments are removed oldest first, as soon as
  /// all of their intents have ended, durably, and all of their ends are released: an end in a
  /// later segment must not go before an intent that it belongs to.
  void release(std::uint64_t seq) override;

  void flush() override;

 private:
  struct Segment {
    std::string path;
    std::uint64_t last_seq = 0;      ///< of the ends in it
    std::uint64_t open_intents = 0;  ///< without a durable end
    bool closed = false;             ///< sealed and durable: nothing is written to it any more
  };
  struct Entry {
    Then then;
    std::uint64_t seq = 0;  ///< of an end
    bool ends_intent = false;
    std::uint32_t ticket = 0;  ///< of that intent
  };
  /// What is written and synced at once, to one segment.
  struct Batch {
    std::string bytes;
    std::vector<Entry> entries;
    std::uint32_t segment = 0;
    std::string header;  ///< not empty: the segment is begun with it
    bool seals = false;
  };

  AnswerJournal(std::string folder, JournalIdentity identity, const RecoveredJournal& recovered,
                AnswerJournalOptions options);
  void put(JournalKind kind, std::string_view payload, Entry entry);
  void begin_segment();
  void close_batch();
  void next_batch();
  [[nodiscard]] Segment& segment(std::uint32_t number);
  [[nodiscard]] std::string path_of(std::uint32_t number, bool sealed) const;
  [[nodiscard]] Segment* removable();
  [[nodiscard]] bool idle();

  void run();
  Result<void> write(const Batch& batch);
  void finish(Batch batch, std::unique_lock<std::mutex>& lock);
  Result<void> create_segment(std::uint32_t number, const std::string& header);
  Result<void> remove_released(std::unique_lock<std::mutex>& lock);
  void close(std::unique_lock<std::mutex>& lock);
  void fail(const Error& error, std::unique_lock<std::mutex>& lock);

  const std::string folder_;
  const JournalIdentity identity_;
  const AnswerJournalOptions options_;
  SystemJournalFiles system_files_;
  JournalFiles& files_;

  std::unique_ptr<JournalFile> file_;  ///< of the journal's thread, as is what is on disk

  std::mutex mutex_;
  std::condition_variable work_;     ///< for the journal's thread
  std::condition_variable flushed_;  ///< for flush()
  std::deque<Segment> recovered_;    ///< of earlier processes; all go before own_
  std::deque<Segment> own_;
  std::uint32_t own_begin_ = 0;  ///< number of own_.front()
  SegmentWriter writer_;         ///< of own_.back()
  std::deque<Batch> full_;       ///< to be written before open_
  Batch open_;                   ///< being filled
  std::string spare_;            ///< memory for the bytes of the next batch
  std::uint64_t seq_;            ///< of the last end
  std::uint64_t released_ = 0;
  std::uint64_t appended_ = 0;  ///< records so far
  std::uint64_t finished_ = 0;  ///< of those, how many callbacks have returned
  std::uint32_t flushing_ = 0;  ///< threads in flush()
  Duration gather_;             ///< for how long the next batch is left open
  bool waiting_ = false;        ///< the journal's thread has nothing to do
  bool stopping_ = false;
  bool failed_ = false;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace fd
