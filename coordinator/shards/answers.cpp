#include "coordinator/shards/answers.hpp"

#include <algorithm>
#include <utility>

#include "actors/journal/journal_recovery.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/lines.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {

Result<std::vector<Record>> answers_in_folder(const std::string& folder, std::uint32_t shard) {
  std::vector<Record> found;
  FD_TRY(const Manifest manifest, read_shard_manifest_at(folder));
  if (manifest.state != ShardFileState::failed) {
    return found;
  }
  FD_TRY(const std::vector<Answer> answers, read_shard_answers(folder, manifest));
  const std::string calls_path = folder + "/" + RunDir::kCalls;
  FD_TRY(const std::string text, read_file(calls_path, kMaxShardFileBytes));
  FD_TRY(const std::vector<Call> calls, read_lines(calls_path, text, call_from_line));
  for (const Answer& answer : answers) {
    Record record;
    record.answer = answer;
    const auto call = std::find_if(calls.begin(), calls.end(), [&](const Call& one) {
      return one.call_key == answer.call_key && one.error.empty();
    });
    if (call != calls.end()) {
      record.call = *call;
    }
    found.push_back(std::move(record));
  }
  FD_TRY(RecoveredJournal journal, read_journal(replay_journal(folder), manifest.run_id));
  for (Record& record : journal.ended) {
    if (record.answer) {
      found.push_back(std::move(record));
    }
  }
  for (Record& record : found) {
    record.shard = shard;
    record.fence = 0;
  }
  return found;
}

}  // namespace fd
