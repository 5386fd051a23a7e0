#include "protocol/manifest.hpp"

#include <algorithm>
#include <utility>

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

/// Reads members of one object; the first thing that is wrong is kept.
class Reader {
 public:
  Reader(const json::Value& value, std::string where) : value_(value), where_(std::move(where)) {
    if (value.as_object() == nullptr) {
      fail("it", "is no object");
    }
  }
  const json::Value* member(std::string_view key) {
    const json::Value* found = value_.find(key);
    if (found == nullptr) {
      fail(key, "is missing");
    }
    return error_ ? nullptr : found;
  }
  void text(std::string_view key, std::string& out) {
    if (const json::Value* found = member(key)) {
      found->as_string() != nullptr ? void(out = *found->as_string()) : fail(key, "is no text");
    }
  }
  void number(std::string_view key, std::uint64_t& out) {
    if (const json::Value* found = member(key)) {
      found->as_uint() ? void(out = *found->as_uint()) : fail(key, "is no whole number");
    }
  }
  void digest(std::string_view key, Digest& out) {
    std::string hex;
    text(key, hex);
    if (!error_) {
      const auto digest = Digest::from_hex(hex);
      digest ? void(out = *digest) : fail(key, "is no digest");
    }
  }
  void optional_id(std::string_view key, std::optional<SampleId>& out) {
    const json::Value* found = member(key);
    if (found != nullptr && !found->is_null()) {
      out.emplace();
      digest(key, *out);
    }
  }
  void strings(std::string_view key, std::vector<std::string>& out) {
    const json::Value* found = member(key);
    if (found == nullptr) {
      return;
    }
    if (found->as_array() == nullptr) {
      return fail(key, "is no list");
    }
    for (const json::Value& one : *found->as_array()) {
      one.as_string() != nullptr ? void(out.push_back(*one.as_string()))
                                 : fail(key, "has an item that is no text");
    }
  }
  void counts(std::string_view key, std::map<std::string, std::uint64_t>& out) {
    const json::Value* found = member(key);
    if (found == nullptr) {
      return;
    }
    if (found->as_object() == nullptr) {
      return fail(key, "is no object");
    }
    for (const auto& [name, count] : *found->as_object()) {
      count.as_uint() ? void(out[name] = *count.as_uint()) : fail(key, "has a count that is none");
    }
  }
  void fail(std::string_view key, std::string_view why) {
    if (!error_) {
      error_ = Error{Errc::corrupt, where_ + ": " + std::string(key) + " " + std::string(why)};
    }
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const json::Value& value_;
  std::string where_;
  std::optional<Error> error_;
};

Result<FileEntry> file_from_json(const std::string& name, const json::Value& value) {
  FileEntry entry;
  entry.name = name;
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
    return Error{Errc::corrupt, "manifest: files names something outside its folder"};
  }
  Reader reader(value, "manifest: files." + name);
  reader.number("bytes", entry.bytes);
  reader.digest("sha256", entry.sha256);
  if (const json::Value* crcs = reader.member("crc32c")) {
    if (crcs->as_array() == nullptr) {
      reader.fail("crc32c", "is no list");
    } else {
      for (const json::Value& crc : *crcs->as_array()) {
        const auto number = crc.as_uint();
        if (!number || number.value() > UINT32_MAX) {
          reader.fail("crc32c", "has an item out of range");
          break;
        }
        entry.crc32c.push_back(static_cast<std::uint32_t>(*number));
      }
    }
  }
  if (reader.error()) {
    return *reader.error();
  }
  return entry;
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
    json::Array crcs;
    for (const std::uint32_t crc : file.crc32c) {
      crcs.emplace_back(static_cast<std::uint64_t>(crc));
    }
    files[file.name] = json::Object{
        {"bytes", file.bytes}, {"sha256", file.sha256.hex()}, {"crc32c", std::move(crcs)}};
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
  Manifest manifest;
  Reader reader(value, "manifest");
  std::uint64_t version = 0;
  reader.number("schema_version", version);
  if (!reader.error() && version > kManifestSchemaVersion) {
    return Error{Errc::unsupported, "manifest: schema_version " + std::to_string(version) +
                                        " is newer than this program's " +
                                        std::to_string(kManifestSchemaVersion)};
  }
  reader.text("run_id", manifest.run_id);
  reader.text("stage", manifest.stage);
  const auto small = [&](std::string_view key) {
    std::uint64_t number = 0;
    reader.number(key, number);
    if (number > UINT32_MAX) {
      reader.fail(key, "is out of range");
    }
    return static_cast<std::uint32_t>(number);
  };
  if (const json::Value* shard = reader.member("shard"); shard != nullptr && !shard->is_null()) {
    manifest.shard = small("shard");
  }
  reader.number("count", manifest.count);
  reader.optional_id("min_sample_id", manifest.min_sample_id);
  reader.optional_id("max_sample_id", manifest.max_sample_id);
  reader.strings("columns", manifest.columns);
  reader.digest("content_sha256", manifest.content_sha256);
  reader.strings("parents", manifest.parents);
  reader.digest("config_digest", manifest.config_digest);
  Digest columns_hash;
  reader.digest("field_hash", columns_hash);
  if (!reader.error() && columns_hash != field_hash(manifest.columns)) {
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
    std::string state;
    reader.text("state", state);
    for (const ShardFileState known :
         {ShardFileState::pending, ShardFileState::committed, ShardFileState::failed}) {
      if (state == state_name(known)) {
        manifest.state = known;
      }
    }
    if (!manifest.state) {
      reader.fail("state", "is none of pending, committed, failed");
    }
    manifest.shards = small("shards");
    reader.counts("verdicts", manifest.verdicts);
    reader.counts("reasons", manifest.reasons);
    reader.strings("databases", manifest.databases);
  }
  if (reader.error()) {
    return *reader.error();
  }
  return manifest;
}

}  // namespace fd
