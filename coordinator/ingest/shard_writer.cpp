#include "coordinator/ingest/shard_writer.hpp"

#include <utility>

#include "actors/config/loader.hpp"
#include "actors/system/failpoint.hpp"

namespace fd {
namespace {

Result<void> write_manifest(const std::string& path, const Manifest& manifest) {
  FD_TRY(const FileEntry entry, write_file(path, input_manifest_text(manifest), Durable::later));
  static_cast<void>(entry);
  return {};
}

Manifest base_manifest(const RunConfig& config, const IngestSummary& summary) {
  Manifest base;
  base.run_id = summary.run_id;
  base.config_digest = config_digest(config);
  base.shards = summary.shards;
  return base;
}

}  // namespace

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

Result<void> ShardWriter::add(const SampleId& id, std::string_view line,
                              const std::string& database) {
  const std::uint32_t shard = shard_of(id, base_.shards);
  while (next_ <= shard) {
    FD_TRY_VOID(complete());
    FD_TRY_VOID(start());
  }
  count_sample(id, manifest_);
  if (!database.empty()) {
    databases_.insert(database);
  }
  return file_->write(line);
}

Result<void> ShardWriter::start() {
  FD_TRY_VOID(make_directories(dir_.shard(next_)));
  FD_TRY(AtomicFile file,
         AtomicFile::create(dir_.shard_file(next_, RunDir::kInput), Durable::later));
  file_.emplace(std::move(file));
  manifest_ = unread_shard(base_, next_++);
  return {};
}

/// Completes the shard that is open, if one is.
Result<void> ShardWriter::complete() {
  if (!file_) {
    return {};
  }
  FD_TRY(FileEntry entry, file_->commit());
  file_.reset();
  close_input(std::move(entry), databases_, manifest_);
  databases_.clear();
  FD_TRY_VOID(write_manifest(dir_.shard_file(*manifest_.shard, RunDir::kManifest), manifest_));
  FD_FAILPOINT("k03.ingest_shard_written");
  return {};
}

Result<void> ShardWriter::finish() {
  FD_TRY_VOID(complete());
  while (next_ < base_.shards) {
    FD_TRY_VOID(start());
    FD_TRY_VOID(complete());
  }
  return {};
}

SecondPass::SecondPass(const RunConfig& config, const RunDir& dir, IngestSummary& summary,
                       Refusals& refusals)
    : config_(config),
      dir_(dir),
      summary_(summary),
      refusals_(refusals),
      base_(base_manifest(config, summary)),
      shards_(dir, base_) {}

Result<void> SecondPass::take(const IdSorter::Record& record) {
  const SpilledRow row = read_spilled(record.body, places_);
  raw_.add(record.id, row.text);
  sample_.canonical_input.clear();
  append_members(row.text, row.content, sample_.canonical_input);
  line_ = "{\"canonical_input\":";
  line_ += sample_.canonical_input;
  line_ += ",\"sample_id\":\"";
  line_ += record.id.hex();
  line_ += "\"}";
  canonical_.add(record.id, line_);
  return kept_ && kept_->id == record.id ? duplicate(row) : keep(record, row);
}

Result<void> SecondPass::duplicate(const SpilledRow& row) {
  ++summary_.duplicate;
  const bool gold = kept_->gold != row.gold;
  if (!gold && kept_->database == row.database) {
    return {};
  }
  ++summary_.conflict;
  if (!config_.contract.strict) {
    return {};
  }
  const std::string other = kept_->file == row.file ? "line " + std::to_string(kept_->line)
                                                    : summary_.inputs.at(kept_->file).path + ":" +
                                                          std::to_string(kept_->line);
  return refusals_.add({row.file, summary_.inputs.at(row.file).path, row.line},
                       "same sample_id as " + other + " but another " +
                           (gold ? config_.gates.exec.gold : std::string("database")));
}

Result<void> SecondPass::keep(const IdSorter::Record& record, const SpilledRow& row) {
  ++summary_.unique;
  sample_.id = record.id;
  sample_.ordinal = record.ordinal;
  sample_.id_fields.clear();
  if (!row.id_fields.empty()) {
    append_members(row.text, row.id_fields, sample_.id_fields);
  }
  sample_.gold = row.gold;
  sample_.database = row.database == 0 ? "" : summary_.databases.at(row.database - 1).digest;
  kept_ = Kept{record.id, sample_.gold, row.database, row.file, row.line};
  line_.clear();
  append_line(sample_, line_);
  dedup_.add(record.id, line_);
  line_ += '\n';
  return shards_.add(record.id, line_, sample_.database);
}

Result<void> SecondPass::finish(const std::vector<std::string>& raw_columns) {
  FD_TRY_VOID(shards_.finish());
  FD_TRY(const std::string raw, write_stage("raw", raw_, raw_columns, {}));
  FD_TRY(const std::string canonical,
         write_stage("canonical", canonical_, {"canonical_input", "sample_id"}, {raw}));
  FD_TRY(const std::string dedup, write_stage("dedup", dedup_, sample_columns(), {canonical}));
  static_cast<void>(dedup);
  return {};
}

/// Returns the content digest, which the next stage names as its parent.
Result<std::string> SecondPass::write_stage(const std::string& stage, ContentDigest& content,
                                            std::vector<std::string> columns,
                                            std::vector<std::string> parents) {
  const Manifest manifest =
      input_stage(base_, stage, content, std::move(columns), std::move(parents));
  const std::string path = dir_.stage_manifest(stage);
  FD_TRY_VOID(make_directories(path.substr(0, path.rfind('/'))));
  FD_TRY_VOID(write_manifest(path, manifest));
  return manifest.content_sha256.hex();
}

}  // namespace fd
