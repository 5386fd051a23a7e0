#include "coordinator/shards/files.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/shards/lines.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {
namespace {

/// Returns the members that the lines of outcomes.jsonl have.
std::vector<std::string> outcome_columns(const std::vector<Outcome>& outcomes) {
  const bool gold_failed = std::any_of(outcomes.begin(), outcomes.end(),
                                       [](const Outcome& outcome) { return outcome.gold_failed; });
  std::vector<std::string> columns = {"candidates", "chosen", "reason", "sample_id", "verdict"};
  if (gold_failed) {
    columns.insert(columns.begin() + 2, "gold_failed");
  }
  return columns;
}

Result<FileEntry> entry_of(const Manifest& manifest, const std::string& name,
                           const std::string& path) {
  if (const FileEntry* file = find_file(manifest, name)) {
    return *file;
  }
  return Error{Errc::corrupt, path + ": its manifest does not name it"};
}

/// A file that the manifest promises and that is not there is damage, not a wrong name.
Error missing_is_corrupt(Error error) {
  if (error.code == Errc::not_found) {
    error.code = Errc::corrupt;
  }
  return error;
}

std::string in_folder(const std::string& folder, const char* name) {
  return folder + "/" + name;
}

Result<std::string> read_named(const std::string& folder, const Manifest& manifest,
                               const char* name) {
  const std::string path = in_folder(folder, name);
  FD_TRY(const FileEntry entry, entry_of(manifest, name, path));
  return read_checked(path, entry);
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

template <class T>
void check_samples_known(const std::vector<SampleId>& ids, const std::vector<T>& records) {
  auto id = ids.begin();
  for (const T& record : records) {
    while (id != ids.end() && *id < record.sample_id) {
      ++id;
    }
    FD_CHECK(id != ids.end() && *id == record.sample_id);
  }
}

void sort_and_check(ShardResult& result, const std::vector<SampleId>& ids) {
  const auto key = [](const auto& record) { return std::tie(record.sample_id, record.candidate); };
  std::sort(result.answers.begin(), result.answers.end(),
            [&](const Answer& a, const Answer& b) { return key(a) < key(b); });
  std::stable_sort(result.calls.begin(), result.calls.end(),
                   [&](const Call& a, const Call& b) { return key(a) < key(b); });
  std::sort(result.outcomes.begin(), result.outcomes.end(),
            [](const Outcome& a, const Outcome& b) { return a.sample_id < b.sample_id; });
  FD_CHECK(result.outcomes.size() == ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    FD_CHECK(result.outcomes[i].sample_id == ids[i]);
  }
  for (std::size_t i = 1; i < result.answers.size(); ++i) {
    FD_CHECK(key(result.answers[i - 1]) < key(result.answers[i]));
  }
  check_samples_known(ids, result.answers);
  check_samples_known(ids, result.calls);
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

Result<Manifest> read_manifest(const std::string& path) {
  FD_TRY(const std::string text, read_file(path));
  const auto value = json::parse(text);
  if (!value.ok()) {
    return Error{Errc::corrupt, path + ": " + value.error().message};
  }
  auto manifest = manifest_from_json(*value);
  if (!manifest.ok()) {
    return manifest.error().within(path);
  }
  return manifest;
}

Result<Manifest> read_shard_manifest(const RunDir& dir, std::uint32_t shard) {
  FD_TRY(Manifest manifest, read_shard_manifest_at(dir.shard(shard)));
  if (manifest.shard != shard) {
    return Error{Errc::corrupt, in_folder(dir.shard(shard), RunDir::kManifest) +
                                    ": is not the manifest of shard " + std::to_string(shard)};
  }
  return manifest;
}

Result<Manifest> read_shard_manifest_at(const std::string& folder) {
  const std::string path = in_folder(folder, RunDir::kManifest);
  FD_TRY(Manifest manifest, read_manifest(path));
  if (!manifest.shard || !manifest.state) {
    return Error{Errc::corrupt, path + ": is not the manifest of a shard"};
  }
  return manifest;
}

FileDamage find_damage(const FileEntry& expected, const FileEntry& actual) {
  FileDamage damage;
  const std::size_t common = std::min(expected.crc32c.size(), actual.crc32c.size());
  std::size_t first = common;
  for (std::size_t block = common; block-- > 0;) {
    if (expected.crc32c[block] != actual.crc32c[block]) {
      first = block;
      ++damage.blocks;
    }
  }
  damage.blocks += std::max(expected.crc32c.size(), actual.crc32c.size()) - common;
  damage.offset = std::min<std::uint64_t>(first * kCrcBlockBytes, actual.bytes);
  damage.length = damage.blocks == 0
                      ? 0
                      : std::min<std::uint64_t>(kCrcBlockBytes, actual.bytes - damage.offset);
  damage.in_file = damage.blocks > 0 && expected.sha256 != actual.sha256;
  return damage;
}

Result<std::string> read_checked(const std::string& path, const FileEntry& entry) {
  auto text = read_file(path, kMaxShardFileBytes);
  if (!text.ok()) {
    return missing_is_corrupt(text.error());
  }
  if (text->size() == entry.bytes && sha256(*text) == entry.sha256) {
    return text;
  }
  FileDigest digest;
  digest.update(*text);
  const FileEntry actual = digest.finish(entry.name);
  const FileDamage damage = find_damage(entry, actual);
  if (damage.length > 0) {
    return Error{Errc::corrupt, path + ": differs from its manifest in the " +
                                    std::to_string(damage.length) + " bytes from byte " +
                                    std::to_string(damage.offset) + " on"};
  }
  return Error{Errc::corrupt, path + ": differs from its manifest at byte " +
                                  std::to_string(damage.offset) + " (" +
                                  std::to_string(actual.bytes) + " bytes, " +
                                  std::to_string(entry.bytes) + " in the manifest)"};
}

Result<std::vector<Sample>> read_shard_input(const RunDir& dir, std::uint32_t shard) {
  FD_TRY(const Manifest manifest, read_shard_manifest(dir, shard));
  FD_TRY(const std::string text, read_named(dir.shard(shard), manifest, RunDir::kInput));
  return samples_of(text, in_folder(dir.shard(shard), RunDir::kInput), manifest.count);
}

Result<std::vector<Sample>> samples_of(std::string_view text, const std::string& path,
                                       std::uint64_t count) {
  std::vector<Sample> samples;
  LineReader lines(path, text);
  for (std::string_view line; lines.next_line(line);) {
    auto sample = sample_from_line(line);
    if (!sample.ok()) {
      return lines.error(sample.error().message);
    }
    if (!samples.empty() && !(samples.back().id < sample->id)) {
      return lines.error("its sample_id does not rise");
    }
    samples.push_back(std::move(sample).value());
  }
  if (samples.size() != count) {
    return Error{Errc::corrupt, path + ": has " + std::to_string(samples.size()) +
                                    " samples, its manifest says " + std::to_string(count)};
  }
  return samples;
}

Result<std::vector<Answer>> read_shard_answers(const std::string& folder,
                                               const Manifest& manifest) {
  FD_TRY(const std::string text, read_named(folder, manifest, RunDir::kAnswers));
  return read_lines(in_folder(folder, RunDir::kAnswers), text, answer_from_line);
}

Result<ShardTexts> read_finished_shard(const RunDir& dir, std::uint32_t shard) {
  FD_TRY(ShardTexts texts, read_finished_shard_at(dir.shard(shard)));
  if (texts.manifest.shard != shard) {
    return Error{Errc::corrupt, in_folder(dir.shard(shard), RunDir::kManifest) +
                                    ": is not the manifest of shard " + std::to_string(shard)};
  }
  return texts;
}

Result<ShardTexts> read_finished_shard_at(const std::string& folder) {
  ShardTexts texts;
  auto manifest = read_shard_manifest_at(folder);
  if (!manifest.ok()) {
    return missing_is_corrupt(manifest.error());
  }
  texts.manifest = std::move(manifest).value();
  if (texts.manifest.state == ShardFileState::pending) {
    return Error{Errc::corrupt, folder + ": is not finished; run the same command again"};
  }
  FD_TRY(texts.input, read_named(folder, texts.manifest, RunDir::kInput));
  FD_TRY(texts.answers, read_named(folder, texts.manifest, RunDir::kAnswers));
  FD_TRY(texts.outcomes, read_named(folder, texts.manifest, RunDir::kOutcomes));
  FD_TRY(texts.config, read_named(folder, texts.manifest, RunDir::kConfig));
  auto calls = read_file(in_folder(folder, RunDir::kCalls), kMaxShardFileBytes);
  if (!calls.ok()) {
    return missing_is_corrupt(calls.error());
  }
  texts.calls = std::move(calls).value();
  return texts;
}

Result<ShardRows> read_shard_rows(const std::string& folder) {
  FD_TRY(ShardTexts texts, read_finished_shard_at(folder));
  const auto path = [&](const char* name) { return in_folder(folder, name); };
  ShardRows rows;
  rows.manifest = std::move(texts.manifest);
  rows.config_text = std::move(texts.config);
  FD_TRY(rows.samples, samples_of(texts.input, path(RunDir::kInput), rows.manifest.count));
  FD_TRY(rows.answers, read_lines(path(RunDir::kAnswers), texts.answers, answer_from_line));
  FD_TRY(rows.calls, read_lines(path(RunDir::kCalls), texts.calls, call_from_line));
  FD_TRY(rows.outcomes, read_lines(path(RunDir::kOutcomes), texts.outcomes, outcome_from_line));
  for (std::size_t i = 0; i < rows.samples.size(); ++i) {
    if (i >= rows.outcomes.size() || rows.outcomes[i].sample_id != rows.samples[i].id) {
      return Error{Errc::corrupt, path(RunDir::kOutcomes) + ": the outcome of sample " +
                                      rows.samples[i].id.hex() + " is missing"};
    }
  }
  if (rows.outcomes.size() != rows.samples.size()) {
    return Error{Errc::corrupt,
                 path(RunDir::kOutcomes) + ": an outcome of no sample of this shard"};
  }
  return rows;
}

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

Result<Manifest> write_shard(const RunDir& dir, const RunConfig& config, ShardResult result) {
  FD_TRY(const Manifest before, read_shard_manifest(dir, result.shard));
  const std::string folder = dir.shard(result.shard);
  return before.state == ShardFileState::pending ? write_shard_at(folder, config, std::move(result))
                                                 : replace_shard(folder, config, std::move(result));
}

Result<Manifest> write_shard_at(const std::string& folder, const RunConfig& config,
                                ShardResult result) {
  FD_TRY(const Manifest before, read_shard_manifest_at(folder));
  const std::string input_path = in_folder(folder, RunDir::kInput);
  FD_TRY(const FileEntry input_entry, entry_of(before, RunDir::kInput, input_path));
  FD_TRY(const std::string input, read_checked(input_path, input_entry));
  FD_TRY(const std::vector<SampleId> ids, input_ids(input, input_path));
  sort_and_check(result, ids);

  FD_TRY(const FileEntry calls, write_lines(in_folder(folder, RunDir::kCalls), result.calls));
  static_cast<void>(calls);
  FD_TRY(const FileEntry answers, write_lines(in_folder(folder, RunDir::kAnswers), result.answers));
  FD_TRY(const FileEntry settings,
         write_file(in_folder(folder, RunDir::kConfig),
                    json::pretty(semantic_config(config)) + "\n", Durable::content));
  FD_TRY(const FileEntry outcomes,
         write_lines(in_folder(folder, RunDir::kOutcomes), result.outcomes));
  Manifest base = before;
  base.config_digest = config_digest(config);
  Manifest manifest =
      finished_manifest(base, ids, result.outcomes, {answers, settings, input_entry, outcomes});
  FD_TRY_VOID(sync_folder(folder));  // before the manifest can name the files
  FD_TRY(const FileEntry written,
         write_file(in_folder(folder, RunDir::kManifest), finished_manifest_text(manifest)));
  static_cast<void>(written);
  return manifest;
}

}  // namespace fd
