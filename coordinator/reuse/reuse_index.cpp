#include "coordinator/reuse/reuse_index.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "actors/storage/files.hpp"
#include "coordinator/ledger/reader.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/shards/files.hpp"

namespace fd {
namespace {

namespace fs = std::filesystem;

/// How many shards of earlier runs are kept at hand: two neighbours of a few runs.
constexpr std::size_t kLoadedMax = 8;

/// Sorts answers, and keeps the first of each call: first answer wins, for ever.
void sort_answers(std::vector<Answer>& answers) {
  std::ranges::stable_sort(answers, {}, &Answer::order);
  const auto same = std::ranges::unique(
      answers, [](const Answer& a, const Answer& b) { return a.key() == b.key(); });
  answers.erase(same.begin(), same.end());
}

}  // namespace

Result<std::vector<std::string>> resolve_reuse(const std::vector<std::string>& folders,
                                               const std::string& directory) {
  std::vector<std::string> resolved;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const fs::path path = fs::path(folders[i]).is_absolute()
                              ? fs::path(folders[i])
                              : fs::path(directory.empty() ? "." : directory) / folders[i];
    std::error_code failed;
    const fs::path real = fs::canonical(path, failed);
    if (failed || !fs::is_regular_file(RunDir(real.string()).run_json(), failed)) {
      return Error{Errc::invalid_input, "reuse." + std::to_string(i) + ": " + path.string() +
                                            ": is not the folder of a run"};
    }
    resolved.push_back(real.string());
  }
  return resolved;
}

Result<std::unique_ptr<ReuseIndex>> ReuseIndex::open(const std::vector<std::string>& folders,
                                                     const std::string& own_root,
                                                     const RunConfig& config) {
  FD_TRY(PromptStage prompt, PromptStage::make(config));
  std::unique_ptr<ReuseIndex> index(new ReuseIndex(std::move(prompt), config.teacher.decode.n));
  FD_TRY(const std::vector<std::string> resolved, resolve_reuse(folders, "."));
  for (const std::string& folder : resolved) {
    FD_TRY_VOID(index->add_run(folder, own_root));
  }
  return index;
}

Result<void> ReuseIndex::add_run(const std::string& folder, const std::string& own_root) {
  std::error_code unknown;
  if (fs::equivalent(folder, own_root, unknown)) {
    return Error{Errc::invalid_input, "reuse: " + folder + ": is this run itself"};
  }
  Run run{RunDir(folder), "", 0, {}, std::nullopt};
  FD_TRY(const RunFacts facts, read_run_facts(run.dir));
  run.run_id = facts.run_id;
  run.shards = facts.ingest.shards;
  const auto read_states = [&run]() -> Result<bool> {
    run.states.clear();
    for (std::uint32_t shard = 0; shard < run.shards; ++shard) {
      FD_TRY(const Manifest manifest, read_shard_manifest(run.dir, shard));
      run.states.push_back(*manifest.state);
    }
    return std::all_of(run.states.begin(), run.states.end(),
                       [](ShardFileState state) { return state == ShardFileState::committed; });
  };
  FD_TRY(bool whole, read_states());
  if (!whole) {
    FD_TRY(run.lock, FolderLock::on_file(run.dir.lock(), busy_message(run.dir)));
    FD_TRY(whole, read_states());  // as they stay from here on
  }
  runs_.push_back(std::move(run));
  return {};
}

Result<std::vector<Record>> ReuseIndex::answers_for(std::uint32_t shard,
                                                    const std::vector<Sample>& samples) {
  std::vector<Record> found;
  std::vector<char> answered(samples.size() * candidates_, 0);
  for (std::size_t run = 0; run < runs_.size(); ++run) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      FD_TRY(const Loaded* loaded, load(run, shard_of(samples[i].id, runs_[run].shards)));
      take(shard, samples[i], *loaded, std::span(answered).subspan(i * candidates_, candidates_),
           found);
    }
  }
  return found;
}

void ReuseIndex::take(std::uint32_t shard, const Sample& sample, const Loaded& loaded,
                      std::span<char> answered, std::vector<Record>& found) const {
  auto answer = std::ranges::lower_bound(loaded.answers, sample.id, {}, &Answer::sample_id);
  for (; answer != loaded.answers.end() && answer->sample_id == sample.id; ++answer) {
    const std::uint32_t candidate = answer->candidate;
    // The call key last: it takes a rendered prompt.
    if (answer->role != Role::teacher || candidate >= candidates_ || answered[candidate] != 0 ||
        prompt_.call(sample, candidate).call_key != answer->call_key) {
      continue;
    }
    answered[candidate] = 1;
    Record record;
    record.shard = shard;
    record.answer = *answer;
    found.push_back(std::move(record));
  }
}

Result<const ReuseIndex::Loaded*> ReuseIndex::load(std::size_t run, std::uint32_t shard) {
  const auto at_hand = std::find_if(loaded_.begin(), loaded_.end(), [&](const Loaded& one) {
    return one.run == run && one.shard == shard;
  });
  if (at_hand != loaded_.end()) {
    loaded_.splice(loaded_.begin(), loaded_, at_hand);
    return &loaded_.front();
  }
  FD_TRY(std::vector<Answer> answers, read_answers(runs_[run], shard));
  sort_answers(answers);
  loaded_.push_front({run, shard, std::move(answers)});
  if (loaded_.size() > kLoadedMax) {
    loaded_.pop_back();
  }
  return &loaded_.front();
}

Result<std::vector<Answer>> ReuseIndex::read_answers(const Run& run, std::uint32_t shard) {
  std::vector<Answer> answers;
  const ShardFileState state = run.states.at(shard);
  if (state != ShardFileState::pending) {
    FD_TRY(const Manifest manifest, read_shard_manifest(run.dir, shard));
    FD_TRY(answers, read_shard_answers(run.dir.shard(shard), manifest));
  }
  if (state != ShardFileState::committed && file_exists(run.dir.ledger())) {
    FD_TRY(const std::vector<Record> records,
           read_earlier_ledger(run.dir.ledger(), run.run_id, shard));
    for (const Record& record : records) {
      if (record.answer) {
        answers.push_back(*record.answer);
      }
    }
  }
  return answers;
}

}  // namespace fd
