#pragma once

#include <cstdint>
#include <functional>

#include "protocol/journal.hpp"

namespace fd {

/// Where a worker writes down what it is about to pay for and what came of it: AnswerJournal, and
/// that of the simulation. Thread: any, for all members.
class CallJournal {
 public:
  /// What became of a record.
  struct Written {
    bool durable = false;   ///< false: the disk failed, and the record may be lost
    std::uint64_t seq = 0;  ///< the number of an end
  };
  /// Called exactly once, in the order of the records, on the journal's thread: must only hand on.
  using Then = std::function<void(Written)>;

  CallJournal() = default;
  virtual ~CallJournal() = default;
  CallJournal(const CallJournal&) = delete;
  CallJournal& operator=(const CallJournal&) = delete;

  /// Returns the ticket of the intent, to be given with its end: exactly one of append_end() and
  /// append_cancelled(), or none when the call is still in flight at the end of the process.
  virtual std::uint32_t append_intent(const JournalIntent& intent, Then then) = 0;
  /// Returns the number of the end. Numbers rise by one, after those of what was recovered. Without
  /// a call it is an answer of a purchase that goes on. Requires: a call or an answer, and no
  /// outcome; the record within kMaxJournalRecordBytes.
  virtual std::uint64_t append_end(std::uint32_t ticket, const JournalEnd& end, Then then) = 0;
  virtual void append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled,
                                Then then = {}) = 0;

  /// Everything up to number `seq` is acknowledged: a later process need not offer it again.
  virtual void release(std::uint64_t seq) = 0;

  /// Returns once the callbacks of all records so far have returned. Requires: not on the journal's
  /// thread.
  virtual void flush() = 0;
};

}  // namespace fd
