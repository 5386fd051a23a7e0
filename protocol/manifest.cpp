#include "protocol/manifest.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base/crc32c.hpp"
#include "protocol/file_entry_json.hpp"
#include "protocol/json/object_reader.hpp"

namespace fd {
namespace {

std::string_view state_name(ShardFileState state) {
  return state == ShardFileState::pending     ? "pending"
         : state == ShardFileState::committed ? "committed"
                                              : "failed";
}

Digest field_hash(const std::vector<std::string>& columns) {
  std::string joined;
  for (const std::string& column : columns) {
    joined += (joined.empty() ? "" : "|") + column;
  }
  return sha256(joined);
}

json::Value id_value(const std::optional<SampleId>& id) {
  return id ? json::Value(id->hex()) : json::Value();
}

json::Value strings_value(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) {
    array.emplace_back(text);
  }
  return array;
}

json::Value counts_value(const std::map<std::string, std::uint64_t>& counts) {
  json::Object object;
  for (const auto& [key, count] : counts) {
    object[key] = count;
  }
  return object;
}

Result<FileEntry> file_from_json(const std::string& name, const json::Value& value) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
    return Error{Errc::corrupt, "manifest: files names something outside its folder"};
  }
  json::ObjectReader reader(value, "manifest: files." + name);
  FileEntry entry = entry_from_json(name, reader);
  FD_TRY_VOID(reader.ok());
  return entry;
}

/// Reads what only the manifest of a shard has.
void read_shard_members(json::ObjectReader& reader, Manifest& manifest) {
  const std::string state = reader.text("state");
  for (const ShardFileState known :
       {ShardFileState::pending, ShardFileState::committed, ShardFileState::failed}) {
    if (state == state_name(known)) {
      manifest.state = known;
    }
  }
  if (!manifest.state) {
    reader.fail("state", "is none of pending, committed, failed");
  }
  manifest.shards = reader.whole<std::uint32_t>("shards");
  manifest.verdicts = reader.counts("verdicts");
  manifest.reasons = reader.counts("reasons");
  manifest.databases = reader.texts("databases");
}

}  // namespace

void FileDigest::update(std::string_view bytes) {
  sha_.update(bytes);
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kCrcBlockBytes - block_fill_);
    block_crc_ = crc32c(part, block_crc_);
    block_fill_ += part.size();
    bytes.remove_prefix(part.size());
    if (block_fill_ == kCrcBlockBytes) {
      crcs_.push_back(std::exchange(block_crc_, 0));
      block_fill_ = 0;
    }
  }
}

FileEntry FileDigest::finish(std::string name) {
  if (block_fill_ > 0) {
    crcs_.push_back(block_crc_);
  }
  FileEntry entry{std::move(name), bytes_, sha_.finish(), std::move(crcs_)};
  *this = FileDigest();
  return entry;
}

void ContentDigest::add(const SampleId& id, std::string_view line) {
  FD_CHECK(!max_ || *max_ <= id);
  sha_.update(line);
  sha_.update("\n");
  ++count_;
  if (!min_) {
    min_ = id;
  }
  max_ = id;
}

const FileEntry* find_file(const Manifest& manifest, std::string_view name) {
  const auto found = std::find_if(manifest.files.begin(), manifest.files.end(),
                                  [&](const FileEntry& file) { return file.name == name; });
  return found == manifest.files.end() ? nullptr : &*found;
}

json::Value to_json(const Manifest& manifest) {
  json::Object object;
  object["run_id"] = manifest.run_id;
  object["stage"] = manifest.stage;
  object["shard"] =
      manifest.shard ? json::Value(static_cast<std::uint64_t>(*manifest.shard)) : json::Value();
  object["count"] = manifest.count;
  object["min_sample_id"] = id_value(manifest.min_sample_id);
  object["max_sample_id"] = id_value(manifest.max_sample_id);
  object["columns"] = strings_value(manifest.columns);
  object["field_hash"] = field_hash(manifest.columns).hex();
  object["content_sha256"] = manifest.content_sha256.hex();
  object["parents"] = strings_value(manifest.parents);
  object["config_digest"] = manifest.config_digest.hex();
  object["canonical"] = "rfc8785";
  object["schema_version"] = static_cast<std::uint64_t>(kManifestSchemaVersion);
  json::Object files;
  for (const FileEntry& file : manifest.files) {
    files[file.name] = entry_to_json(file);
  }
  object["files"] = std::move(files);
  if (manifest.state) {
    object["state"] = state_name(*manifest.state);
    object["shards"] = static_cast<std::uint64_t>(manifest.shards);
    object["verdicts"] = counts_value(manifest.verdicts);
    object["reasons"] = counts_value(manifest.reasons);
    object["databases"] = strings_value(manifest.databases);
  }
  return object;
}

Result<Manifest> manifest_from_json(const json::Value& value) {
  json::ObjectReader reader(value, "manifest");
  const std::uint64_t version = reader.whole("schema_version");
  if (reader.ok().ok() && version > kManifestSchemaVersion) {
    return Error{Errc::unsupported, "manifest: schema_version " + std::to_string(version) +
                                        " is newer than this program's " +
                                        std::to_string(kManifestSchemaVersion)};
  }
  Manifest manifest;
  manifest.run_id = reader.text("run_id");
  manifest.stage = reader.text("stage");
  if (const json::Value* shard = reader.member("shard"); shard != nullptr && !shard->is_null()) {
    manifest.shard = reader.whole<std::uint32_t>("shard");
  }
  manifest.count = reader.whole("count");
  manifest.min_sample_id = reader.digest_or_null("min_sample_id");
  manifest.max_sample_id = reader.digest_or_null("max_sample_id");
  manifest.columns = reader.texts("columns");
  manifest.content_sha256 = reader.digest("content_sha256");
  manifest.parents = reader.texts("parents");
  manifest.config_digest = reader.digest("config_digest");
  if (reader.digest("field_hash") != field_hash(manifest.columns)) {
    reader.fail("field_hash", "does not belong to columns");
  }
  if (const json::Value* files = reader.member("files")) {
    if (files->as_object() == nullptr) {
      reader.fail("files", "is no object");
    } else {
      for (const auto& [name, entry] : *files->as_object()) {
        FD_TRY(FileEntry file, file_from_json(name, entry));
        manifest.files.push_back(std::move(file));
      }
    }
  }
  if (value.find("state") != nullptr) {
    read_shard_members(reader, manifest);
  }
  FD_TRY_VOID(reader.ok());
  return manifest;
}

}  // namespace fd
