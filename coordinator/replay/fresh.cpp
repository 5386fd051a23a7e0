#include "coordinator/replay/fresh.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/journal/answer_journal.hpp"
#include "actors/journal/journal_lock.hpp"
#include "actors/storage/files.hpp"

namespace fd {
namespace {

constexpr const char* kJournalWorker = "replay";
constexpr std::chrono::milliseconds kPoll{50};

/// Results on their way from the gateway's threads to the one that asks.
class ResultQueue {
 public:
  void add(ChatResult result) {
    {
      const std::lock_guard lock(mutex_);
      results_.push_back(std::move(result));
    }
    came_.notify_one();
  }
  /// Waits a moment for results. Returns those that came.
  std::vector<ChatResult> take() {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, kPoll, [this] { return !results_.empty(); });
    return std::exchange(results_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<ChatResult> results_;
};

/// Takes results until every call has one, and says when to give up.
class Asking {
 public:
  Asking(ShardReplay& replay, Gateway& gateway, Asked& asked)
      : replay_(replay), gateway_(gateway), asked_(asked) {}

  /// Returns once `open` results have come, or the time is up that a signal gives calls in flight.
  /// Errors: storage, when the journal failed.
  Result<void> wait(ResultQueue& results, std::size_t open, const AskOptions& options) {
    std::optional<std::chrono::steady_clock::time_point> give_up;
    while (open > 0 && (!give_up || std::chrono::steady_clock::now() < *give_up)) {
      for (const ChatResult& result : results.take()) {
        --open;
        FD_TRY_VOID(take(result));
      }
      if (!asked_.no_endpoint) {
        asked_.no_endpoint = why_hopeless(gateway_.load().endpoints, options.gateway.config);
        if (asked_.no_endpoint) {
          gateway_.cancel_waiting();
        }
      }
      if (const int number = options.signal(open); number != 0 && asked_.signal == 0) {
        asked_.signal = number;
        give_up = std::chrono::steady_clock::now() + options.drain;
        gateway_.cancel_waiting();
      }
    }
    asked_.in_flight = open;
    return {};
  }

 private:
  Result<void> take(const ChatResult& result) {
    const std::string& error = result.call.error;
    const CallEnd end = result.call.end;
    if (end == CallEnd::journal_failed) {
      return Error{Errc::storage, replay_.shard().folder + ": " + error};
    }
    if (end == CallEnd::cancelled && result.call.attempts == 0) {
      return {};
    }
    ++asked_.calls;
    replay_.add(result.call);
    if (end == CallEnd::cancelled) {
      return {};
    }
    if (result.failure == Reason::none) {
      ++asked_.answers;
      replay_.add(result.answer);
      return {};
    }
    replay_.add_failure(result.call, result.failure);
    return {};
  }

  ShardReplay& replay_;
  Gateway& gateway_;
  Asked& asked_;
};

void add_in_doubt(ShardReplay& replay, const RecoveredJournal& journal) {
  for (const JournalIntent& intent : journal.in_doubt) {
    replay.add(*in_doubt_record(intent).call);
  }
}

std::uint64_t add_recovered(ShardReplay& replay, const RecoveredJournal& recovered) {
  std::uint64_t answers = 0;
  for (const Record& record : recovered.ended) {
    if (record.call) {
      replay.add(*record.call);
    }
    answers += record.answer && replay.add(*record.answer) ? 1 : 0;
  }
  add_in_doubt(replay, recovered);
  return answers;
}

/// Makes the calls. What is left in flight is in the journal, without an end.
Result<void> ask(ShardReplay& replay, std::vector<ChatCall> calls, CallJournal& journal,
                 const AskOptions& options, Asked& asked) {
  ResultQueue results;
  const SystemClock clock;
  CallGateway gateway(journal, clock, options.gateway, options.make_senders,
                      [&results](ChatResult result) { results.add(std::move(result)); });
  const std::size_t open = calls.size();
  for (ChatCall& call : calls) {
    call.shard = replay.shard().manifest.shard.value_or(0);
    gateway.submit(std::move(call));
  }
  return Asking(replay, gateway, asked).wait(results, open, options);
}

}  // namespace

Result<Asked> ask_for_missing(ShardReplay& replay, const AskOptions& options) {
  FD_TRY_VOID(make_directories(options.journal_folder));
  FD_TRY(const FolderLock lock, lock_journals(options.journal_folder));
  static_cast<void>(lock);
  const std::string& run_id = replay.shard().manifest.run_id;
  FD_TRY(const RecoveredJournal recovered,
         read_journal(options.journal_folder, run_id, kJournalWorker));
  Asked asked;
  asked.recovered = add_recovered(replay, recovered);
  std::vector<ChatCall> calls = replay.missing();
  if (calls.empty()) {
    return asked;
  }
  FD_TRY(std::unique_ptr<AnswerJournal> journal,
         AnswerJournal::open(options.journal_folder, {run_id, kJournalWorker, options.incarnation},
                             recovered));
  FD_TRY_VOID(ask(replay, std::move(calls), *journal, options, asked));
  journal.reset();
  if (asked.in_flight > 0) {
    FD_TRY(const RecoveredJournal left,
           read_journal(options.journal_folder, run_id, kJournalWorker));
    add_in_doubt(replay, left);
  }
  return asked;
}

}  // namespace fd
