#include "coordinator/reuse/earlier_answers.hpp"

#include <algorithm>
#include <optional>

#include "actors/storage/files.hpp"
#include "actors/storage/folder_lock.hpp"
#include "coordinator/ledger/reader.hpp"
#include "coordinator/reports/costs.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/lines.hpp"

namespace fd {
namespace {

void add_cost(const Call& call, CallCosts& costs) {
  if (call.end == CallEnd::answered && call.price) {
    costs[call.key()] = cost_of(call);
  }
}

/// Adds what the calls of a written shard cost. It is only told: a file that cannot be read is
/// none.
void add_costs(const std::string& path, CallCosts& costs) {
  const auto text = read_file(path, kMaxShardFileBytes);
  const auto calls =
      text.ok() ? read_lines<Call>(path, *text) : Result<std::vector<Call>>(text.error());
  if (calls.ok()) {
    for (const Call& call : *calls) {
      add_cost(call, costs);
    }
  }
}

/// Sorts answers, and keeps the first of each call: first answer wins, for ever.
void sort_answers(std::vector<Answer>& answers) {
  std::ranges::stable_sort(answers, {}, &Answer::order);
  const auto same = std::ranges::unique(
      answers, [](const Answer& a, const Answer& b) { return a.key() == b.key(); });
  answers.erase(same.begin(), same.end());
}

}  // namespace

Result<EarlierAnswers> read_earlier_answers(const RunDir& dir, const std::string& run_id,
                                            std::uint32_t shard, LedgerLock lock) {
  EarlierAnswers earlier;
  FD_TRY(const Manifest manifest, read_shard_manifest(dir, shard));
  if (*manifest.state != ShardFileState::pending) {
    FD_TRY(earlier.answers, read_shard_answers(dir.shard(shard), manifest));
    add_costs(dir.shard_file(shard, RunDir::kCalls), earlier.costs);
  }
  if (*manifest.state != ShardFileState::committed && file_exists(dir.ledger())) {
    std::optional<FolderLock> reading;
    if (lock == LedgerLock::take) {
      FD_TRY(reading, FolderLock::shared(dir.lock(), busy_message(dir)));
    }
    FD_TRY(const std::vector<Record> records, read_earlier_ledger(dir.ledger(), run_id, shard));
    for (const Record& record : records) {
      if (record.answer) {
        earlier.answers.push_back(*record.answer);
      }
      if (record.call) {
        add_cost(*record.call, earlier.costs);
      }
    }
  }
  sort_answers(earlier.answers);
  return earlier;
}

}  // namespace fd
