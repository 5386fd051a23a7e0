#include "coordinator/shards/files.hpp"

#include <algorithm>
#include <utility>

#include "actors/storage/files.hpp"
#include "actors/system/failpoint.hpp"
#include "coordinator/shards/lines.hpp"
#include "coordinator/shards/steady_read.hpp"

namespace fd {
namespace {

std::string in_folder(const std::string& folder, const char* name) {
  return folder + "/" + name;
}

Result<void> check_shard(const Manifest& manifest, const RunDir& dir, std::uint32_t shard) {
  if (manifest.shard == shard) {
    return {};
  }
  return Error{Errc::corrupt, dir.shard_file(shard, RunDir::kManifest) +
                                  ": is not the manifest of shard " + std::to_string(shard)};
}

/// Reads a manifest's text; `path` is what messages call it.
Result<Manifest> manifest_of(std::string_view text, const std::string& path) {
  const auto value = json::parse(text);
  if (!value.ok()) {
    return Error{Errc::corrupt, path + ": " + value.error().message};
  }
  auto manifest = manifest_from_json(*value);
  return manifest.ok() ? manifest : manifest.error().within(path);
}

/// Reads the text of the manifest of the shard in `folder`.
Result<Manifest> shard_manifest_of(std::string_view text, const std::string& folder) {
  const std::string path = in_folder(folder, RunDir::kManifest);
  FD_TRY(Manifest manifest, manifest_of(text, path));
  if (!manifest.shard || !manifest.state) {
    return Error{Errc::corrupt, path + ": is not the manifest of a shard"};
  }
  return manifest;
}

/// Checks what was read of the file `path` against `entry`.
Result<std::string> checked(Result<std::string> text, const std::string& path,
                            const FileEntry& entry) {
  if (!text.ok()) {
    return missing_is_corrupt(text.error());
  }
  if (text->size() == entry.bytes && sha256(*text) == entry.sha256) {
    return text;
  }
  const FileEntry actual = digest_text(*text, entry.name);
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

/// What a shard's manifest says now, or that it cannot be read.
struct ManifestText {
  explicit ManifestText(const std::string& folder)
      : text(read_current(folder, RunDir::kManifest)) {}
  Result<std::string> text;

  friend bool operator==(const ManifestText& a, const ManifestText& b) {
    return a.text.ok() == b.text.ok() && (!a.text.ok() || *a.text == *b.text);
  }
};

/// Reads the files of a finished shard that its manifest speaks of.
Result<ShardTexts> read_under(const Result<std::string>& manifest, const std::string& folder) {
  if (!manifest.ok()) {
    return missing_is_corrupt(manifest.error());
  }
  ShardTexts texts;
  FD_TRY(texts.manifest, shard_manifest_of(*manifest, folder));
  if (texts.manifest.state == ShardFileState::pending) {
    return Error{Errc::corrupt, folder + ": is not finished; run the same command again"};
  }
  FD_TRY(texts.input, read_shard_file(folder, texts.manifest, RunDir::kInput));
  FD_TRY(texts.answers, read_shard_file(folder, texts.manifest, RunDir::kAnswers));
  FD_TRY(texts.outcomes, read_shard_file(folder, texts.manifest, RunDir::kOutcomes));
  FD_TRY(texts.config, read_shard_file(folder, texts.manifest, RunDir::kConfig));
  auto calls = read_current(folder, RunDir::kCalls);
  if (!calls.ok()) {
    return missing_is_corrupt(calls.error());
  }
  texts.calls = std::move(calls).value();
  return texts;
}

}  // namespace

Error missing_is_corrupt(Error error) {
  if (error.code == Errc::not_found) {
    error.code = Errc::corrupt;
  }
  return error;
}

FileEntry digest_text(std::string_view text, std::string name) {
  FileDigest digest;
  digest.update(text);
  return digest.finish(std::move(name));
}

Result<Manifest> read_manifest(const std::string& path) {
  FD_TRY(const std::string text, read_file(path));
  return manifest_of(text, path);
}

Result<Manifest> read_shard_manifest(const RunDir& dir, std::uint32_t shard) {
  FD_TRY(Manifest manifest, read_shard_manifest_at(dir.shard(shard)));
  FD_TRY_VOID(check_shard(manifest, dir, shard));
  return manifest;
}

Result<Manifest> read_shard_manifest_at(const std::string& folder) {
  FD_TRY(const std::string text, read_current(folder, RunDir::kManifest));
  return shard_manifest_of(text, folder);
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
  return checked(read_file(path, kMaxShardFileBytes), path, entry);
}

Result<std::string> read_shard_file(const std::string& folder, const Manifest& manifest,
                                    const char* name) {
  const std::string path = in_folder(folder, name);
  const FileEntry* entry = find_file(manifest, name);
  if (entry == nullptr) {
    return Error{Errc::corrupt, path + ": its manifest does not name it"};
  }
  return checked(read_current(folder, name), path, *entry);
}

Result<std::vector<Sample>> read_shard_input(const RunDir& dir, std::uint32_t shard) {
  FD_TRY(const Manifest manifest, read_shard_manifest(dir, shard));
  FD_TRY(const std::string text, read_shard_file(dir.shard(shard), manifest, RunDir::kInput));
  return samples_of(text, in_folder(dir.shard(shard), RunDir::kInput), manifest.count);
}

Result<std::vector<Sample>> samples_of(std::string_view text, const std::string& path,
                                       std::uint64_t count) {
  std::vector<Sample> samples;
  LineReader lines(path, text);
  for (std::string_view line; lines.next_line(line);) {
    auto sample = from_line<Sample>(line);
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
  FD_TRY(const std::string text, read_shard_file(folder, manifest, RunDir::kAnswers));
  return read_lines<Answer>(in_folder(folder, RunDir::kAnswers), text);
}

Result<ShardTexts> read_finished_shard(const RunDir& dir, std::uint32_t shard) {
  FD_TRY(ShardTexts texts, read_finished_shard_at(dir.shard(shard)));
  FD_TRY_VOID(check_shard(texts.manifest, dir, shard));
  return texts;
}

Result<ShardTexts> read_finished_shard_at(const std::string& folder) {
  auto texts = steady_read([&] { return ManifestText(folder); },
                           [&](const ManifestText& manifest) {
                             FD_FAILPOINT("shard.manifest_read");
                             return read_under(manifest.text, folder);
                           });
  return texts ? std::move(*texts)
               : Error{Errc::busy, folder + ": was written again whenever it was read; try again"};
}

Result<ShardRows> read_shard_rows(const std::string& folder) {
  FD_TRY(ShardTexts texts, read_finished_shard_at(folder));
  const auto path = [&](const char* name) { return in_folder(folder, name); };
  ShardRows rows;
  rows.manifest = std::move(texts.manifest);
  rows.config_text = std::move(texts.config);
  FD_TRY(rows.samples, samples_of(texts.input, path(RunDir::kInput), rows.manifest.count));
  FD_TRY(rows.answers, read_lines<Answer>(path(RunDir::kAnswers), texts.answers));
  FD_TRY(rows.calls, read_lines<Call>(path(RunDir::kCalls), texts.calls));
  FD_TRY(rows.outcomes, read_lines<Outcome>(path(RunDir::kOutcomes), texts.outcomes));
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

}  // namespace fd
