#include "coordinator/ingest/input_manifests.hpp"

#include <utility>

#include "actors/storage/files.hpp"

namespace fd {

std::vector<std::string> sample_columns() {
  return {"canonical_input", "database", "gold", "id_fields", "ordinal", "sample_id"};
}

Manifest unread_shard(const Manifest& base, std::uint32_t shard) {
  Manifest manifest = base;
  manifest.stage = "shard";
  manifest.shard = shard;
  manifest.state = ShardFileState::pending;
  manifest.columns = sample_columns();
  return manifest;
}

void count_sample(const SampleId& id, Manifest& manifest) {
  ++manifest.count;
  if (!manifest.min_sample_id) {
    manifest.min_sample_id = id;
  }
  manifest.max_sample_id = id;
}

void close_input(FileEntry entry, const std::set<std::string>& databases, Manifest& manifest) {
  // A newline stands behind each line in the file as in a content digest, so the two are one.
  manifest.content_sha256 = entry.sha256;
  manifest.files.push_back(std::move(entry));
  manifest.databases.assign(databases.begin(), databases.end());
}

Manifest input_stage(const Manifest& base, const std::string& stage, ContentDigest& content,
                     std::vector<std::string> columns, std::vector<std::string> parents) {
  Manifest manifest = base;
  manifest.shards = 0;
  manifest.stage = stage;
  manifest.count = content.count();
  manifest.min_sample_id = content.min_id();
  manifest.max_sample_id = content.max_id();
  manifest.columns = std::move(columns);
  manifest.parents = std::move(parents);
  manifest.content_sha256 = content.finish();
  return manifest;
}

std::string input_manifest_text(const Manifest& manifest) {
  return json::pretty(to_json(manifest));
}

Result<void> write_input_manifest(const std::string& path, const Manifest& manifest) {
  FD_TRY_VOID(write_file(path, input_manifest_text(manifest), Durable::later));
  return {};
}

}  // namespace fd
