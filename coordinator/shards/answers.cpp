#include "coordinator/shards/answers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/journal/journal_recovery.hpp"
#include "coordinator/shards/current.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/lines.hpp"

namespace fd {

Result<std::vector<Record>> answers_in_folder(const std::string& folder, std::uint32_t shard) {
  std::vector<Record> found;
  FD_TRY(const Manifest manifest, read_shard_manifest_at(folder));
  if (manifest.state != ShardFileState::failed) {
    return found;
  }
  FD_TRY(const std::vector<Answer> answers, read_shard_answers(folder, manifest));
  const std::string calls_path = folder + "/" + RunDir::kCalls;
  FD_TRY(const std::string text, read_current(folder, RunDir::kCalls));
  FD_TRY(std::vector<Call> calls, read_lines<Call>(calls_path, text));
  for (const Answer& answer : answers) {
    Record& record = found.emplace_back();
    record.answer = answer;
  }
  for (Call& call : calls) {
    Record& record = found.emplace_back();
    record.call = std::move(call);
  }
  FD_TRY(RecoveredJournal journal, read_journal(replay_journal(folder), manifest.run_id));
  std::ranges::move(journal.ended, std::back_inserter(found));
  for (const JournalIntent& intent : journal.in_doubt) {
    found.push_back(in_doubt_record(intent));
  }
  for (Record& record : found) {
    record.shard = shard;
    record.fence = 0;
  }
  return found;
}

}  // namespace fd
