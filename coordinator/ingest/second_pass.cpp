#include "coordinator/ingest/second_pass.hpp"

#include <algorithm>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/paths.hpp"
#include "coordinator/ingest/input_manifests.hpp"

namespace fd {
namespace {

Manifest base_manifest(const RunConfig& config, const IngestSummary& summary) {
  Manifest base;
  base.run_id = summary.run_id;
  base.config_digest = config_digest(config);
  base.shards = summary.shards;
  return base;
}

}  // namespace

SecondPass::SecondPass(const RunConfig& config, const RunDir& dir, IngestSummary& summary,
                       Refusals& refusals, RowRemarks& remarks)
    : config_(config),
      dir_(dir),
      summary_(summary),
      refusals_(refusals),
      remarks_(remarks),
      base_(base_manifest(config, summary)),
      shards_(dir, base_),
      golds_(config.gates.exec, dir.databases()) {}

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
  const bool gold = !std::ranges::equal(kept_->golds, row.golds);
  if (!gold && kept_->database == row.database) {
    return {};
  }
  ++summary_.conflict;
  const InputFile& file = summary_.inputs.at(row.file);
  const RowPlace place{row.file, file.path, row.line, file.array};
  if (!config_.contract.strict) {
    remarks_.conflict(place);
    return {};
  }
  const InputFile& first = summary_.inputs.at(kept_->file);
  const std::string other = kept_->file == row.file
                                ? (file.array ? "row " : "line ") + std::to_string(kept_->line)
                                : place_text({kept_->file, first.path, kept_->line, first.array});
  return refusals_.add(place, "same sample_id as " + other + " but another " +
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
  sample_.gold.reset();
  sample_.more_golds.clear();
  if (!row.golds.empty()) {
    sample_.gold = row.golds.front();
    sample_.more_golds.assign(row.golds.begin() + 1, row.golds.end());
  }
  sample_.database = row.database == 0 ? "" : summary_.databases.at(row.database - 1).digest;
  FD_TRY_VOID(golds_.add(sample_, {row.file, summary_.inputs.at(row.file).path, row.line}));
  kept_ = Kept{record.id, {row.golds.begin(), row.golds.end()}, row.database, row.file, row.line};
  line_.clear();
  append_line(sample_, line_);
  dedup_.add(record.id, line_);
  line_ += '\n';
  return shards_.add(record.id, line_, sample_.database);
}

Result<void> SecondPass::finish(const std::vector<std::string>& raw_columns) {
  FD_TRY_VOID(golds_.finish());
  FD_TRY_VOID(shards_.finish());
  FD_TRY(const std::string raw, write_stage("raw", raw_, raw_columns, {}));
  FD_TRY(const std::string canonical,
         write_stage("canonical", canonical_, {"canonical_input", "sample_id"}, {raw}));
  FD_TRY_VOID(write_stage("dedup", dedup_, sample_columns(), {canonical}));
  return {};
}

/// Returns the content digest, which the next stage names as its parent.
Result<std::string> SecondPass::write_stage(const std::string& stage, ContentDigest& content,
                                            std::vector<std::string> columns,
                                            std::vector<std::string> parents) {
  const Manifest manifest =
      input_stage(base_, stage, content, std::move(columns), std::move(parents));
  const std::string path = dir_.stage_manifest(stage);
  FD_TRY_VOID(make_directories(folder_of(path)));
  FD_TRY_VOID(write_input_manifest(path, manifest));
  return manifest.content_sha256.hex();
}

}  // namespace fd
