#include "coordinator/reuse/reuse_index.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "coordinator/run/run_folder.hpp"
#include "coordinator/shards/files.hpp"

namespace fd {
namespace {

namespace fs = std::filesystem;

/// How many shards of earlier runs are kept at hand: two neighbours of a few runs.
constexpr std::size_t kLoadedMax = 8;

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

Result<std::unique_ptr<ReuseIndex>> ReuseIndex::make(const RunConfig& config) {
  FD_TRY(PromptStage prompt, PromptStage::make(config));
  return std::unique_ptr<ReuseIndex>(new ReuseIndex(std::move(prompt), config.teacher.decode.n));
}

Result<std::unique_ptr<ReuseIndex>> ReuseIndex::open(const std::vector<std::string>& folders,
                                                     const std::string& own_root,
                                                     const RunConfig& config) {
  FD_TRY(std::unique_ptr<ReuseIndex> index, make(config));
  FD_TRY(const std::vector<std::string> resolved, resolve_reuse(folders, "."));
  for (const std::string& folder : resolved) {
    FD_TRY_VOID(index->add_run(folder, own_root));
  }
  return index;
}

Result<std::unique_ptr<ReuseIndex>> ReuseIndex::open_beside(const std::string& own_root,
                                                            const RunConfig& config, Tell tell) {
  FD_TRY(std::unique_ptr<ReuseIndex> index, make(config));
  for (const std::string& folder : earlier_runs(own_root, config, tell)) {
    if (const auto facts = read_run_facts(RunDir(folder)); facts.ok()) {
      index->runs_.push_back(
          {RunDir(folder), facts->run_id, facts->ingest.shards, std::nullopt, false});
    }
  }
  index->tell_ = std::move(tell);
  return index;
}

Result<void> ReuseIndex::add_run(const std::string& folder, const std::string& own_root) {
  std::error_code unknown;
  if (fs::equivalent(folder, own_root, unknown)) {
    return Error{Errc::invalid_input, "reuse: " + folder + ": is this run itself"};
  }
  Run run{RunDir(folder), "", 0, std::nullopt, false};
  FD_TRY(const RunFacts facts, read_run_facts(run.dir));
  run.run_id = facts.run_id;
  run.shards = facts.ingest.shards;
  for (std::uint32_t shard = 0; shard < run.shards && !run.lock; ++shard) {
    FD_TRY(const Manifest manifest, read_shard_manifest(run.dir, shard));
    if (*manifest.state != ShardFileState::committed) {
      FD_TRY(run.lock, FolderLock::on_file(run.dir.lock(), busy_message(run.dir)));
    }
  }
  runs_.push_back(std::move(run));
  return {};
}

Result<std::vector<Record>> ReuseIndex::answers_for(std::uint32_t shard,
                                                    const std::vector<Sample>& samples) {
  std::vector<Record> found;
  std::vector<char> answered(samples.size() * candidates_, 0);
  for (std::size_t run = 0; run < runs_.size(); ++run) {
    if (runs_[run].passed_over) {
      continue;
    }
    if (const auto looked = look_into(run, shard, samples, answered, found); !looked.ok()) {
      if (!tell_) {
        return looked.error();
      }
      runs_[run].passed_over = true;
      tell_("reuse: passed over " + looked.error().message);
    }
  }
  return found;
}

/// Looks for answers to the calls of `samples` that have none yet.
Result<void> ReuseIndex::look_into(std::size_t run, std::uint32_t shard,
                                   const std::vector<Sample>& samples, std::vector<char>& answered,
                                   std::vector<Record>& found) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto mine = std::span(answered).subspan(i * candidates_, candidates_);
    if (std::ranges::find(mine, 0) != mine.end()) {
      FD_TRY(const Loaded* loaded, load(run, shard_of(samples[i].id, runs_[run].shards)));
      take(shard, samples[i], *loaded, mine, found);
    }
  }
  return {};
}

void ReuseIndex::take(std::uint32_t shard, const Sample& sample, const Loaded& loaded,
                      std::span<char> answered, std::vector<Record>& found) {
  auto answer = std::ranges::lower_bound(loaded.answers, sample.id, {}, &Answer::sample_id);
  for (; answer != loaded.answers.end() && answer->sample_id == sample.id; ++answer) {
    const std::uint32_t candidate = answer->candidate;
    // The call key last: it takes a rendered prompt.
    if (answer->role != Role::teacher || candidate >= candidates_ || answered[candidate] != 0 ||
        prompt_.call(sample, candidate).call_key != answer->call_key) {
      continue;
    }
    answered[candidate] = 1;
    ++tally_.answers;
    if (const auto cost = loaded.costs.find(answer->key()); cost != loaded.costs.end()) {
      tally_.cost += cost->second;
    }
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
  const Run& from = runs_[run];
  FD_TRY(EarlierAnswers earlier,
         read_earlier_answers(from.dir, from.run_id, shard,
                              from.lock ? LedgerLock::held : LedgerLock::take));
  loaded_.push_front({run, shard, std::move(earlier.answers), std::move(earlier.costs)});
  if (loaded_.size() > kLoadedMax) {
    loaded_.pop_back();
  }
  return &loaded_.front();
}

}  // namespace fd
