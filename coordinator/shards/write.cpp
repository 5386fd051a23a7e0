#include "coordinator/shards/write.hpp"

#include <algorithm>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/left_out_texts.hpp"
#include "coordinator/shards/lines.hpp"
#include "protocol/record_fields.hpp"

namespace fd {
namespace {

/// Returns the members that the lines of outcomes.jsonl have.
std::vector<std::string> outcome_columns(const std::vector<Outcome>& outcomes) {
  std::vector<std::string> columns;
  each_json_field<Outcome>([&](const auto& field) {
    if (!field.if_set || std::ranges::any_of(outcomes, [&](const Outcome& outcome) {
          return !left_out(outcome, field);
        })) {
      columns.emplace_back(field.name);
    }
  });
  return columns;
}

/// Returns the ids of input.jsonl. Only the sample_id is read: it is a line's last member.
Result<std::vector<SampleId>> input_ids(const std::string& text, const std::string& path) {
  constexpr std::string_view kKey = "\"sample_id\":\"";
  constexpr std::size_t kHexDigits = 64;
  constexpr std::size_t kTailBytes = kKey.size() + kHexDigits + 2;
  std::vector<SampleId> ids;
  LineReader lines(path, text);
  for (std::string_view line; lines.next_line(line);) {
    const std::string_view tail =
        line.size() < kTailBytes ? std::string_view() : line.substr(line.size() - kTailBytes);
    const auto id = tail.starts_with(kKey) && tail.ends_with("\"}")
                        ? Digest::from_hex(tail.substr(kKey.size(), kHexDigits))
                        : std::nullopt;
    if (!id) {
      return lines.error("does not end with its sample_id");
    }
    ids.push_back(*id);
  }
  return ids;
}

/// Errors: corrupt, for a record of a sample that is not in the file. Requires: both rise.
template <class T>
Result<void> check_samples_known(const std::vector<SampleId>& ids, const std::vector<T>& records,
                                 const std::string& what) {
  auto id = ids.begin();
  for (const T& record : records) {
    while (id != ids.end() && *id < record.sample_id) {
      ++id;
    }
    if (id == ids.end() || *id != record.sample_id) {
      return Error{Errc::corrupt,
                   "has no sample " + record.sample_id.hex() + ", of which the run has " + what};
    }
  }
  return {};
}

/// Sorts what was recorded. Errors: corrupt, when it does not go with the samples in the file: that
/// was changed while the run worked, or the ledger has what no program writes.
Result<void> sort_and_check(ShardResult& result, const std::vector<SampleId>& ids) {
  std::ranges::sort(result.answers, {}, &Answer::order);
  std::ranges::stable_sort(result.calls, {}, &Call::order);
  std::ranges::sort(result.outcomes, {}, &Outcome::sample_id);
  FD_TRY_VOID(check_samples_known(ids, result.outcomes, "an outcome"));
  FD_TRY_VOID(check_samples_known(ids, result.answers, "an answer"));
  FD_TRY_VOID(check_samples_known(ids, result.calls, "a call"));
  const auto outcome = std::ranges::adjacent_find(result.outcomes, {}, &Outcome::sample_id);
  if (outcome != result.outcomes.end()) {
    return Error{Errc::corrupt, "the run has two outcomes of sample " + outcome->sample_id.hex()};
  }
  if (result.outcomes.size() != ids.size()) {
    return Error{Errc::corrupt, "has " + std::to_string(ids.size()) + " samples, and the run has " +
                                    std::to_string(result.outcomes.size()) + " outcomes of them"};
  }
  const auto answer = std::ranges::adjacent_find(result.answers, {}, &Answer::order);
  if (answer != result.answers.end()) {
    return Error{Errc::corrupt,
                 "the run has two answers to one call of sample " + answer->sample_id.hex()};
  }
  return {};
}

template <class T>
Result<FileEntry> write_lines(const std::string& path, const std::vector<T>& records,
                              Durable durable = Durable::content) {
  FD_TRY(AtomicFile file, AtomicFile::create(path, durable));
  std::string line;
  for (const T& record : records) {
    line.clear();
    append_line(record, line);
    line += '\n';
    FD_TRY_VOID(file.write(line));
  }
  return file.commit();
}

void count_outcomes(const std::vector<Outcome>& outcomes, Manifest& manifest) {
  for (const Verdict verdict : {Verdict::kept, Verdict::rejected, Verdict::failed}) {
    manifest.verdicts[std::string(name(verdict))] = 0;
  }
  for (const Outcome& outcome : outcomes) {
    ++manifest.verdicts[std::string(name(outcome.verdict))];
    ++manifest.reasons[std::string(name(outcome.reason))];
  }
  const bool any_failed = manifest.verdicts[std::string(name(Verdict::failed))] > 0;
  manifest.state = any_failed ? ShardFileState::failed : ShardFileState::committed;
}

}  // namespace

Manifest finished_manifest(const Manifest& base, const std::vector<SampleId>& ids,
                           const std::vector<Outcome>& outcomes, std::array<FileEntry, 4> files) {
  const auto& [answers, settings, input, ended] = files;
  FD_CHECK(answers.name == RunDir::kAnswers && settings.name == RunDir::kConfig &&
           input.name == RunDir::kInput && ended.name == RunDir::kOutcomes);
  Manifest manifest;
  manifest.run_id = base.run_id;
  manifest.stage = "shard";
  manifest.shard = base.shard;
  manifest.shards = base.shards;
  manifest.databases = base.databases;
  manifest.config_digest = base.config_digest;
  manifest.count = ids.size();
  if (!ids.empty()) {
    manifest.min_sample_id = ids.front();
    manifest.max_sample_id = ids.back();
  }
  manifest.columns = outcome_columns(outcomes);
  manifest.parents = {input.sha256.hex()};
  count_outcomes(outcomes, manifest);
  // A newline stands behind each line in the file as in a content digest, so the two are one.
  manifest.content_sha256 = ended.sha256;
  manifest.files.assign(files.begin(), files.end());  // by name
  return manifest;
}

std::string finished_manifest_text(const Manifest& manifest) {
  return json::pretty(to_json(manifest)) + "\n";
}

Result<Manifest> write_shard_at(const std::string& folder, const RunConfig& config,
                                ShardResult result) {
  FD_TRY(const Manifest before, read_shard_manifest_at(folder));
  const auto path = [&](const char* name) { return folder + "/" + name; };
  FD_TRY(const std::string input, read_shard_file(folder, before, RunDir::kInput));
  FD_TRY(const std::vector<SampleId> ids, input_ids(input, path(RunDir::kInput)));
  if (const auto checked = sort_and_check(result, ids); !checked.ok()) {
    return checked.error().within(path(RunDir::kInput));
  }
  put_texts_back(result);

  FD_TRY_VOID(write_lines(path(RunDir::kCalls), result.calls));
  FD_TRY(const FileEntry answers, write_lines(path(RunDir::kAnswers), result.answers));
  FD_TRY(const FileEntry settings,
         write_file(path(RunDir::kConfig), json::pretty(semantic_config(config)) + "\n",
                    Durable::content));
  FD_TRY(const FileEntry outcomes, write_lines(path(RunDir::kOutcomes), result.outcomes));
  Manifest base = before;
  base.config_digest = config_digest(config);
  Manifest manifest =
      finished_manifest(base, ids, result.outcomes,
                        {answers, settings, *find_file(before, RunDir::kInput), outcomes});
  FD_TRY_VOID(sync_folder(folder));  // before the manifest can name the files
  FD_TRY_VOID(write_file(path(RunDir::kManifest), finished_manifest_text(manifest)));
  return manifest;
}

}  // namespace fd
