#include "actors/journal/answer_journal.hpp"

#include <algorithm>
#include <utility>

#include "actors/journal/segment_name.hpp"
#include "actors/system/company.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/thread_name.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

Result<std::unique_ptr<AnswerJournal>> AnswerJournal::open(const std::string& folder,
                                                           const JournalIdentity& identity,
                                                           const RecoveredJournal& recovered,
                                                           AnswerJournalOptions options) {
  if (!valid_run_id(identity.run_id)) {
    return Error{Errc::refused, folder + ": no journal for a run whose id is none"};
  }
  if (identity.worker.empty() || identity.worker.size() > kMaxNameBytes) {
    return Error{Errc::refused, folder + ": no journal for a worker whose name has " +
                                    std::to_string(identity.worker.size()) + " bytes"};
  }
  FD_CHECK(options.segment_bytes <= kSegmentBytes);  // a reader takes no more
  std::unique_ptr<AnswerJournal> journal(
      new AnswerJournal(folder, identity, recovered, std::move(options)));
  // Now, so that a disk that takes no files is found before a call is paid for.
  FD_TRY_VOID(journal->create_segment(0, std::exchange(journal->open_.header, {})));
  journal->thread_ = std::thread([raw = journal.get()] {
    name_thread("fd-journal");
    raw->run();
  });
  return journal;
}

AnswerJournal::AnswerJournal(std::string folder, JournalIdentity identity,
                             const RecoveredJournal& recovered, AnswerJournalOptions options)
    : folder_(std::move(folder)),
      identity_(std::move(identity)),
      options_(std::move(options)),
      files_(options_.files != nullptr ? *options_.files : system_files_),
      writer_(SegmentHeader{identity_, 0}),
      seq_(recovered.last_seq()),
      gather_(options_.gather) {
  for (const RecoveredSegment& segment : recovered.segments) {
    recovered_.push_back({segment.path, segment.last_seq, 0, true});
  }
  own_.push_back({path_of(0, false), 0, 0, false});
  open_.header = writer_.header();
}

AnswerJournal::~AnswerJournal() {
  if (!thread_.joinable()) {
    return;  // open() failed
  }
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_one();
  }
  thread_.join();
}

// --- any thread --------------------------------------------------------------------------------

std::uint32_t AnswerJournal::append_intent(const JournalIntent& intent, Then then) {
  const std::string payload = encode(intent);
  const std::lock_guard lock(mutex_);
  put(JournalKind::intent, payload, Entry{std::move(then), 0, false, 0});
  ++own_.back().open_intents;
  return open_.segment;
}

std::uint64_t AnswerJournal::append_end(std::uint32_t ticket, const JournalEnd& end, Then then) {
  FD_CHECK((end.call || end.answer) && !end.outcome);
  const std::string payload = encode(end);
  const std::lock_guard lock(mutex_);
  const std::uint64_t seq = ++seq_;
  if (end.call) {
    // Half of it, for an intent keeps a slot while it waits.
    gather_ = std::max<Duration>(options_.gather,
                                 company_wait(options_.gather, end.call->service_us) / 2);
  }
  put(JournalKind::end, payload, Entry{std::move(then), seq, end.call.has_value(), ticket});
  own_.back().last_seq = seq;
  return seq;
}

void AnswerJournal::append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled,
                                     Then then) {
  const std::string payload = encode(cancelled);
  const std::lock_guard lock(mutex_);
  put(JournalKind::cancelled, payload, Entry{std::move(then), 0, true, ticket});
}

void AnswerJournal::release(std::uint64_t seq) {
  const std::lock_guard lock(mutex_);
  released_ = std::max(released_, std::min(seq, seq_));
  if (waiting_ && removable() != nullptr) {
    work_.notify_one();
  }
}

void AnswerJournal::flush() {
  FD_CHECK(std::this_thread::get_id() != thread_.get_id());
  std::unique_lock lock(mutex_);
  const std::uint64_t until = appended_;
  ++flushing_;
  work_.notify_one();
  flushed_.wait(lock, [&] { return finished_ >= until; });
  --flushing_;
}

/// Frames a record into the open batch, behind as many batches and segments as have become full.
void AnswerJournal::put(JournalKind kind, std::string_view payload, Entry entry) {
  const std::size_t bytes = framed_bytes(payload);
  if (writer_.bytes() > kJournalHeaderBytes && writer_.bytes() + bytes > options_.segment_bytes) {
    begin_segment();
  } else if (!open_.entries.empty() && open_.bytes.size() + bytes > kMaxBatchBytes) {
    close_batch();
  }
  writer_.append(kind, payload, open_.bytes);
  open_.entries.push_back(std::move(entry));
  ++appended_;
  if (waiting_ || full_.size() == 1) {
    work_.notify_one();
  }
}

/// Seals the segment with the open batch and begins the next one.
void AnswerJournal::begin_segment() {
  writer_.seal(open_.bytes);
  open_.seals = true;
  const std::uint32_t number = open_.segment + 1;
  next_batch();
  writer_ = SegmentWriter(SegmentHeader{identity_, number});
  own_.push_back({path_of(number, false), 0, 0, false});
  open_.segment = number;
  open_.header = writer_.header();
}

/// Begins the next batch of the same segment.
void AnswerJournal::close_batch() {
  const std::uint32_t number = open_.segment;
  next_batch();
  open_.segment = number;
  writer_.mark(open_.bytes);
}

/// Leaves the open batch to be written; the new one has the memory of one that was.
void AnswerJournal::next_batch() {
  full_.push_back(std::exchange(open_, {}));
  open_.bytes = std::exchange(spare_, {});
}

AnswerJournal::Segment& AnswerJournal::segment(std::uint32_t number) {
  FD_CHECK(number >= own_begin_ && number - own_begin_ < own_.size());
  return own_[number - own_begin_];
}

std::string AnswerJournal::path_of(std::uint32_t number, bool sealed) const {
  return folder_ + "/" + segment_name(SegmentHeader{identity_, number}, sealed);
}

/// Returns the oldest segment if it can go.
AnswerJournal::Segment* AnswerJournal::removable() {
  if (recovered_.empty() && own_.empty()) {
    return nullptr;
  }
  Segment& oldest = recovered_.empty() ? own_.front() : recovered_.front();
  return oldest.closed && oldest.open_intents == 0 && oldest.last_seq <= released_ ? &oldest
                                                                                   : nullptr;
}

bool AnswerJournal::idle() {
  return full_.empty() && open_.entries.empty();
}

// --- the journal's thread ----------------------------------------------------------------------

void AnswerJournal::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    waiting_ = true;
    work_.wait(lock, [&] { return stopping_ || !idle() || (!failed_ && removable() != nullptr); });
    waiting_ = false;
    if (!failed_) {
      if (const auto removed = remove_released(lock); !removed.ok()) {
        fail(removed.error(), lock);
      }
    }
    if (idle()) {
      if (stopping_) {
        break;
      }
      continue;
    }
    work_.wait_for(lock, gather_,
                   [&] { return stopping_ || failed_ || flushing_ > 0 || !full_.empty(); });
    if (full_.empty()) {
      close_batch();
    }
    Batch batch = std::move(full_.front());
    full_.pop_front();
    Result<void> written;
    if (!failed_) {
      lock.unlock();
      written = write(batch);
      lock.lock();
      if (!written.ok()) {
        fail(written.error(), lock);
      }
    }
    finish(std::move(batch), lock);
  }
  if (!failed_) {
    close(lock);
  }
}

/// Brings a batch to disk. What it begins with is there before what stands in it.
Result<void> AnswerJournal::write(const Batch& batch) {
  if (!batch.header.empty()) {
    FD_TRY_VOID(create_segment(batch.segment, batch.header));
  }
  FD_TRY_VOID(file_->append(batch.bytes));
  FD_TRY_VOID(file_->sync());
  if (batch.seals) {
    file_.reset();
    FD_TRY_VOID(files_.rename(path_of(batch.segment, false), path_of(batch.segment, true)));
  }
  return {};
}

Result<void> AnswerJournal::create_segment(std::uint32_t number, const std::string& header) {
  FD_TRY(file_, files_.create(path_of(number, false)));
  FD_TRY_VOID(file_->append(header));
  FD_TRY_VOID(file_->sync());
  return files_.sync_folder(folder_);
}

/// Takes note of a batch that is on disk, or never will be, and calls its callbacks.
void AnswerJournal::finish(Batch batch, std::unique_lock<std::mutex>& lock) {
  const bool durable = !failed_;
  if (durable) {
    for (const Entry& entry : batch.entries) {
      if (entry.ends_intent) {
        Segment& began = segment(entry.ticket);
        FD_CHECK(began.open_intents > 0);
        --began.open_intents;
      }
    }
    if (batch.seals) {
      Segment& sealed = segment(batch.segment);
      sealed.path = path_of(batch.segment, true);
      sealed.closed = true;
    }
  }
  lock.unlock();
  for (const Entry& entry : batch.entries) {
    if (entry.then) {
      entry.then(Written{durable, entry.seq});
    }
  }
  lock.lock();
  finished_ += batch.entries.size();
  if (batch.bytes.capacity() <= 2 * kMaxBatchBytes) {
    batch.bytes.clear();
    spare_ = std::move(batch.bytes);
  }
  if (flushing_ > 0) {
    flushed_.notify_all();
  }
}

/// Removes the oldest segments as long as they can go; each removal is durable before the next.
Result<void> AnswerJournal::remove_released(std::unique_lock<std::mutex>& lock) {
  while (const Segment* oldest = removable()) {
    const std::string path = oldest->path;
    lock.unlock();
    FD_FAILPOINT("k32.journal_before_remove");
    Result<void> removed = files_.unlink(path);
    if (removed.ok()) {
      removed = files_.sync_folder(folder_);
    }
    lock.lock();
    FD_TRY_VOID(removed);
    if (!recovered_.empty()) {
      recovered_.pop_front();
    } else {
      own_.pop_front();
      ++own_begin_;
    }
  }
  return {};
}

/// Ends the journal: removes it when nobody needs it any more, else seals it.
void AnswerJournal::close(std::unique_lock<std::mutex>& lock) {
  Segment& last = own_.back();
  last.closed = true;
  if (own_.size() > 1 || removable() != &last) {
    writer_.seal(open_.bytes);
    open_.seals = true;
    const Batch batch = std::move(open_);
    lock.unlock();
    Result<void> written = write(batch);
    if (written.ok()) {
      written = files_.sync_folder(folder_);
    }
    lock.lock();
    if (!written.ok()) {
      fail(written.error(), lock);
    }
    return;
  }
  file_.reset();
  if (const auto removed = remove_released(lock); !removed.ok()) {
    fail(removed.error(), lock);
  }
}

void AnswerJournal::fail(const Error& error, std::unique_lock<std::mutex>& lock) {
  failed_ = true;
  lock.unlock();
  options_.on_failure(error.within("journal"));
  lock.lock();
}

}  // namespace fd
