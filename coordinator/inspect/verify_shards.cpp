#include "coordinator/inspect/verify_shards.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/ingest/input_manifests.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/current.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/lines.hpp"
#include "coordinator/shards/write.hpp"

namespace fd {
namespace {

constexpr const char* kWhole[] = {RunDir::kInput, RunDir::kAnswers, RunDir::kOutcomes,
                                  RunDir::kConfig, RunDir::kCalls};

template <class T>
bool in_order(const std::vector<T>& records, const T& next) {
  return records.empty() || records.back().order() < next.order();
}

bool has_sample(const std::vector<Sample>& samples, const SampleId& id) {
  const auto found = std::ranges::lower_bound(samples, id, {}, &Sample::id);
  return found != samples.end() && found->id == id;
}

/// Returns the id that a sample's content gives it: docs/contract.md.
SampleId id_of(const Sample& sample, const std::string& task) {
  std::string text = "{\"canonical_input\":" + sample.canonical_input;
  if (!sample.id_fields.empty()) {
    text += ",\"id_fields\":" + sample.id_fields;
  }
  text += ",\"task\":";
  json::append_string(task, text);
  text += ",\"v\":1}";
  return sha256(text);
}

}  // namespace

Result<void> ShardVerifier::verify(std::uint32_t index) {
  Shard shard;
  shard.index = index;
  shard.manifest_name = name_of(shard, RunDir::kManifest);
  FD_TRY_VOID(read_files(shard));
  read_claim(shard);
  compare_files(shard);
  check_input(shard);
  if (finished(shard)) {
    ++verification_.report.shards_finished;
    check_answers(shard);
    check_outcomes(shard);
    check_config(shard);
  }
  check_calls(shard);
  if (file_exists(replay_folder(dir_.shard(index)))) {
    verification_.note(dir_.shard(index) +
                       ": was being written again when that was cut off; a resume or replay goes "
                       "on with it");
  }
  check_manifest(shard);
  return {};
}

std::string ShardVerifier::name_of(const Shard& shard, const char* file) const {
  return relative_name(dir_, dir_.shard_file(shard.index, file));
}

/// A shard is finished by its manifest; when that cannot be read, by what lies there.
bool ShardVerifier::finished(const Shard& shard) const {
  return shard.claimed ? shard.claimed->state != ShardFileState::pending
                       : shard.files.count(RunDir::kOutcomes) > 0;
}

Result<void> ShardVerifier::read(Shard& shard, const char* file) {
  const std::string name = name_of(shard, file);
  auto text = read_file(current_file(dir_.shard(shard.index), file), kMaxShardFileBytes);
  if (text.ok()) {
    verification_.read(name, text->size());
    FileEntry entry = digest_text(*text, file);
    shard.files[file] = {name, std::move(text).value(), std::move(entry)};
    return {};
  }
  return text.error().code == Errc::not_found ? Result<void>() : text.error();
}

Result<void> ShardVerifier::read_files(Shard& shard) {
  FD_TRY_VOID(read(shard, RunDir::kManifest));
  if (const auto found = shard.files.find(RunDir::kManifest); found != shard.files.end()) {
    shard.manifest_text = std::move(found->second.text);
    manifests_[shard.index] = found->second.entry;
    shard.files.erase(found);
  }
  for (const char* file : kWhole) {
    FD_TRY_VOID(read(shard, file));
  }
  return {};
}

void ShardVerifier::read_claim(Shard& shard) {
  const auto value = json::parse(shard.manifest_text);
  if (!value.ok()) {
    return;
  }
  auto manifest = manifest_from_json(*value);
  if (manifest.ok() && manifest->state) {
    shard.claimed = std::move(manifest).value();
  }
}

/// Compares each file with its entry. When only one of SHA-256 and CRC disagrees, the file is what
/// it was and the manifest is damaged: check_manifest() finds where.
void ShardVerifier::compare_files(Shard& shard) {
  const bool is_finished = finished(shard);
  for (const char* file : kWhole) {
    const std::string name = name_of(shard, file);
    const auto found = shard.files.find(file);
    const bool wanted = is_finished || file == std::string_view(RunDir::kInput);
    if (found == shard.files.end()) {
      if (wanted) {
        verification_.missing(name);
        shard.files_sound = false;
      }
      continue;
    }
    if (!wanted) {
      verification_.note(name + ": was written before the run stopped, and counts only once " +
                         shard.manifest_name + " names it");
      continue;
    }
    const FileEntry* entry = shard.claimed ? find_file(*shard.claimed, file) : nullptr;
    const FileEntry& actual = found->second.entry;
    if (entry == nullptr || *entry == actual || !find_damage(*entry, actual).in_file) {
      continue;
    }
    verification_.damaged(name, *entry, actual, shard.manifest_name);
    shard.files_sound = false;
  }
}

void ShardVerifier::line_problem(Shard& shard, const char* file, std::uint64_t offset,
                                 std::string_view line, const std::string& what) {
  verification_.problem(name_of(shard, file), offset, line.size() + 1, what);
  shard.files_sound = false;
}

template <class T, class Check>
void ShardVerifier::each_line(Shard& shard, const char* file, Check check) {
  const auto found = shard.files.find(file);
  if (found == shard.files.end() || verification_.has_problem(found->second.name)) {
    return;
  }
  const std::string& text = found->second.text;
  LineReader lines(found->second.name, text);
  for (std::string_view line; lines.next_line(line);) {
    ++verification_.report.rows;
    auto record = from_line<T>(line);
    std::string why = record.ok() ? check(*record) : record.error().message;
    if (why.empty()) {
      std::string again;
      append_line(*record, again);
      why = again == line ? "" : "is not written as RFC 8785 says";
    }
    if (!why.empty()) {
      return line_problem(shard, file, lines.offset(), line,
                          "line " + std::to_string(lines.number()) + ": " + why);
    }
  }
  if (!text.empty() && text.back() != '\n') {
    line_problem(shard, file, text.size(), "", "its last line has no end");
  }
}

std::string ShardVerifier::sample_fault(const Shard& shard, const Sample& sample) const {
  if (last_id_ && !(*last_id_ < sample.id)) {
    return "its sample_id does not rise";
  }
  if (truth_ && id_of(sample, truth_->config.task) != sample.id) {
    return "its sample_id is not the digest of its content";
  }
  if (truth_ && shard_of(sample.id, truth_->facts.ingest.shards) != shard.index) {
    return "its sample_id falls into another shard";
  }
  return {};
}

void ShardVerifier::check_input(Shard& shard) {
  std::string line;
  each_line<Sample>(shard, RunDir::kInput, [&](const Sample& sample) {
    std::string fault = sample_fault(shard, sample);
    if (fault.empty()) {
      line.clear();
      append_line(sample, line);
      samples_.add(sample.id, line);
      last_id_ = sample.id;
      ++sample_count_;
      shard.samples.push_back(sample);
    }
    return fault;
  });
  complete_ = complete_ && shard.files.count(RunDir::kInput) > 0 &&
              !verification_.has_problem(name_of(shard, RunDir::kInput));
}

void ShardVerifier::check_answers(Shard& shard) {
  std::vector<Answer> answers;
  const bool samples_known = shard.files_sound;
  each_line<Answer>(shard, RunDir::kAnswers, [&](const Answer& answer) -> std::string {
    const auto sample = std::ranges::lower_bound(shard.samples, answer.sample_id, {}, &Sample::id);
    if (samples_known && (sample == shard.samples.end() || sample->id != answer.sample_id)) {
      return "answers no sample of this shard";
    }
    if (!in_order(answers, answer)) {
      return "is out of order";
    }
    if (samples_known && truth_ && answer.role == Role::teacher && answer.vote == 0 &&
        answer.round == 0 &&
        truth_->prompt.call(*sample, answer.candidate).call_key != answer.call_key) {
      return "its call_key is not that of its sample's call";
    }
    answers.assign(1, answer);  // only the one before is looked at
    return {};
  });
}

void ShardVerifier::check_outcomes(Shard& shard) {
  const bool samples_known = shard.files_sound;
  each_line<Outcome>(shard, RunDir::kOutcomes, [&](const Outcome& outcome) -> std::string {
    const std::size_t at = shard.outcomes.size();
    if (samples_known &&
        (at >= shard.samples.size() || shard.samples[at].id != outcome.sample_id)) {
      return "is not the outcome of the sample in its place";
    }
    shard.outcomes.push_back(outcome);
    return {};
  });
  if (samples_known && shard.files_sound && shard.outcomes.size() < shard.samples.size()) {
    line_problem(
        shard, RunDir::kOutcomes, shard.files[RunDir::kOutcomes].text.size(), "",
        "the outcome of sample " + shard.samples[shard.outcomes.size()].id.hex() + " is missing");
  }
}

/// calls.jsonl is in no manifest: what can be said of it is that its lines are whole and in order.
void ShardVerifier::check_calls(Shard& shard) {
  std::vector<Call> last;
  const bool samples_known = shard.files_sound;
  each_line<Call>(shard, RunDir::kCalls, [&](const Call& call) -> std::string {
    if (samples_known && !has_sample(shard.samples, call.sample_id)) {
      return "is the call of no sample of this shard";
    }
    if (!last.empty() && call.order() < last.front().order()) {
      return "is out of order";
    }
    last.assign(1, call);
    return {};
  });
}

void ShardVerifier::check_config(Shard& shard) {
  const auto found = shard.files.find(RunDir::kConfig);
  if (!truth_ || found == shard.files.end() || verification_.has_problem(found->second.name)) {
    return;
  }
  const auto differs =
      first_difference(found->second.text, json::pretty(semantic_config(truth_->config)) + "\n");
  if (differs) {
    verification_.problem(
        found->second.name, *differs,
        found->second.text.size() - std::min<std::uint64_t>(*differs, found->second.text.size()),
        "is not the config of the run");
    shard.files_sound = false;
  }
}

std::string ShardVerifier::expected_manifest(const Shard& shard) const {
  Manifest base;
  if (truth_) {
    base.run_id = truth_->facts.run_id;
    base.config_digest = truth_->facts.config_digest;
    base.shards = truth_->facts.ingest.shards;
  } else if (shard.claimed) {
    base.run_id = shard.claimed->run_id;
    base.config_digest = shard.claimed->config_digest;
    base.shards = shard.claimed->shards;
  }
  std::set<std::string> databases;
  for (const Sample& sample : shard.samples) {
    if (!sample.database.empty()) {
      databases.insert(sample.database);
    }
  }
  if (!finished(shard)) {
    Manifest manifest = unread_shard(base, shard.index);
    for (const Sample& sample : shard.samples) {
      count_sample(sample.id, manifest);
    }
    close_input(shard.files.at(RunDir::kInput).entry, databases, manifest);
    return input_manifest_text(manifest);
  }
  base.shard = shard.index;
  base.databases.assign(databases.begin(), databases.end());
  std::vector<SampleId> ids;
  for (const Sample& sample : shard.samples) {
    ids.push_back(sample.id);
  }
  return finished_manifest_text(finished_manifest(
      base, ids, shard.outcomes,
      {shard.files.at(RunDir::kAnswers).entry, shard.files.at(RunDir::kConfig).entry,
       shard.files.at(RunDir::kInput).entry, shard.files.at(RunDir::kOutcomes).entry}));
}

/// Makes the manifest again from the files, which are sound, and compares every byte.
void ShardVerifier::check_manifest(Shard& shard) {
  if (manifests_.count(shard.index) == 0) {
    return verification_.missing(shard.manifest_name);
  }
  const std::string expected = shard.files_sound ? expected_manifest(shard)
                               : shard.claimed   ? shard.claimed->state == ShardFileState::pending
                                                       ? input_manifest_text(*shard.claimed)
                                                       : finished_manifest_text(*shard.claimed)
                                                 : std::string();
  if (const auto differs = first_difference(shard.manifest_text, expected)) {
    verification_.problem(shard.manifest_name, *differs,
                          shard.manifest_text.size() > *differs ? 1 : 0,
                          "is not what its files make it");
    manifests_.erase(shard.index);
  }
}

}  // namespace fd
