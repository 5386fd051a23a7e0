// What a world checks at its end: the files, and the bill.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/world.hpp"

namespace fd::sim {
namespace {

/// Names the calls on the bill whose end is not recorded, for people.
std::string missing_calls(const std::vector<Billed>& bill, const std::set<std::uint64_t>& ended) {
  std::string text;
  for (std::uint64_t serial = 1; serial <= bill.size(); ++serial) {
    if (!ended.contains(serial)) {
      const CallIdentity& call = bill[serial - 1].call;
      const Place place = Dataset::place_of(call.sample_id);
      text += "; no end of request " + std::to_string(serial) + " for " +
              std::to_string(place.first) + "/" + std::to_string(place.second) + "." +
              std::to_string(Dataset::number_of(call));
    }
  }
  return text;
}

}  // namespace

void World::check_end() {
  std::set<Place> poisoned;
  for (const Poison& poison : plan_.poison) {
    poisoned.insert({poison.shard, poison.position});
  }
  for (std::uint32_t shard = 0; shard < data_.shard_count(); ++shard) {
    const std::string which = "shard " + std::to_string(shard);
    const std::optional<ShardFile>& file = files_.at(shard);
    if (!file) {
      oracle_.fail(schedule_.now(), which + " is not written");
      return;
    }
    // First answer wins: the files hold what was recorded first, and what follows from it.
    std::vector<Answer> answers;
    std::vector<Outcome> outcomes;
    for (const Sample& sample : data_.shard(shard)) {
      std::vector<Answer> own;
      for (std::uint32_t number = 0; number < data_.calls(); ++number) {
        if (const AnswerRow* row = ledger_.answer(Dataset::place_of(sample.id), number)) {
          own.push_back(row->answer);
        }
      }
      std::ranges::sort(own, {}, &Answer::order);
      const bool poison = poisoned.contains(Dataset::place_of(sample.id));
      outcomes.push_back(data_.outcome(sample, own, poison ? Reason::poison : Reason::none));
      answers.insert(answers.end(), own.begin(), own.end());
    }
    if (!(Dataset::artifacts(std::move(answers), std::move(outcomes)) == file->artifacts)) {
      oracle_.fail(schedule_.now(), which + " is not what the recorded answers make");
    }
    if (plan_.teacher.deterministic && plan_.poison.empty() &&
        !(data_.expected(shard) == file->artifacts)) {
      oracle_.fail(schedule_.now(), which + " differs from that of a run without faults");
    }
  }
}

/// Every call that the teacher has on its bill is accounted for: its end is recorded, with as many
/// attempts; or it is in doubt; or a worker never came back, which is said.
void World::check_bill() {
  if (!plan_.replacements.empty()) {
    return;  // a part of the bill is gone with the directory
  }
  std::set<std::uint64_t> ended;
  std::uint64_t in_doubt = 0;
  for (const Call& call : ledger_.calls()) {
    if (call.end == CallEnd::in_doubt) {
      ++in_doubt;
      continue;
    }
    const Billed& billed = teacher_.bill().at(call.prompt_tokens - 1);
    if (call.key() != billed.call.key() || call.attempts != billed.attempts) {
      oracle_.fail(schedule_.now(), "a call is recorded with other attempts than it took");
    }
    ended.insert(call.prompt_tokens);
  }
  std::uint64_t unknown = 0;
  for (const auto& [incarnation, share] : ledger_.open_shares()) {
    unknown += share.calls;
  }
  const std::uint64_t open = teacher_.bill().size() - ended.size();
  const std::string figures = std::to_string(teacher_.bill().size()) + " calls, " +
                              std::to_string(ended.size()) + " ended, " + std::to_string(in_doubt) +
                              " in doubt, " + std::to_string(unknown) + " unknown" +
                              missing_calls(teacher_.bill(), ended);
  if (open > in_doubt && unknown == 0) {
    oracle_.fail(schedule_.now(), "calls were paid for and are not accounted for: " + figures);
  }
  const bool somebody_died = died_ || !plan_.pauses.empty() || plan_.config_changes;
  if (!somebody_died && in_doubt > 0) {
    oracle_.fail(schedule_.now(), "calls are in doubt, and no process died: " + figures);
  }
  const bool somebody_lost = somebody_died || !plan_.crashes.empty() || !plan_.ghosts.empty() ||
                             !plan_.network.partitions.empty() || !plan_.stops.empty() ||
                             plan_.network.loss_permille > 0 || plan_.network.slow_permille > 0;
  if (!somebody_lost && (open > 0 || unknown > 0)) {
    oracle_.fail(schedule_.now(), "nobody was lost, and the bill does not add up: " + figures);
  }
}

}  // namespace fd::sim
