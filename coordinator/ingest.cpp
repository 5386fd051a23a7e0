#include "coordinator/ingest.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "actors/config_loader.hpp"
#include "actors/files.hpp"
#include "coordinator/ingest_row.hpp"
#include "coordinator/ingest_spill.hpp"
#include "coordinator/input_reader.hpp"
#include "protocol/run_dir.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kProgressRows = 10000;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path == "-" || slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(const std::string& path) {
  return path == "-" ? "standard input" : path.substr(path.rfind('/') + 1);
}

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Gathers refused rows: all are counted, the first ones are told.
class Refusals {
 public:
  void add(std::uint32_t file, const std::string& path, std::uint64_t line,
           const std::string& why) {
    ++count_;
    listed_.insert({{file, line}, path + ":" + std::to_string(line) + ": " + why});
    if (listed_.size() > kMaxListedRefusals) {
      listed_.erase(std::prev(listed_.end()));
    }
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Error error() const {
    std::string text = std::to_string(count_) + (count_ == 1 ? " row is" : " rows are") +
                       " refused (contract.strict is true):";
    for (const auto& [place, line] : listed_) {
      text += "\n  " + line;
    }
    if (count_ > listed_.size()) {
      text += "\n  ... and " + std::to_string(count_ - listed_.size()) + " more";
    }
    return Error{Errc::invalid_input, text};
  }

 private:
  std::uint64_t count_ = 0;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> listed_;
};

/// The first pass: every row to its bucket.
class FirstPass {
 public:
  FirstPass(const IngestOptions& options, IngestSummary& summary, RowSpill& spill,
            Refusals& refusals)
      : options_(options),
        config_(*options.config),
        summary_(summary),
        spill_(spill),
        refusals_(refusals),
        contract_(config_),
        databases_(config_.gates.exec.database, options.directory + "/databases") {}

  Result<void> run() {
    for (const InputSpec& input : options_.inputs) {
      FD_TRY_VOID(read_file_rows(input.path));
    }
    if (invalid_file_) {
      FD_TRY(const FileEntry entry, invalid_file_->commit());
      static_cast<void>(entry);
    }
    summary_.databases = databases_.files();
    return {};
  }

  [[nodiscard]] std::vector<std::string> columns() const {
    return {columns_.begin(), columns_.end()};
  }

 private:
  Result<void> read_file_rows(const std::string& path) {
    FD_TRY(InputReader reader, InputReader::open(path));
    InputFile file;
    file.path = path;
    const auto index = static_cast<std::uint32_t>(summary_.inputs.size());
    for (;;) {
      FD_TRY(const InputReader::Line line, reader.next());
      if (line.number == 0) {
        break;
      }
      const bool full = options_.limit > 0 && summary_.raw >= options_.limit;
      if (full || (!line.too_long && blank(line.text))) {
        continue;  // read to the end all the same: the digest covers the whole file
      }
      ++file.rows;
      FD_TRY_VOID(take(index, path, line));
      ++summary_.raw;
      if (options_.progress && summary_.raw % kProgressRows == 0) {
        options_.progress(summary_.raw);
      }
    }
    file.bytes = reader.bytes();
    file.sha256 = reader.digest();
    summary_.inputs.push_back(std::move(file));
    return {};
  }

  Result<void> take(std::uint32_t file, const std::string& path, const InputReader::Line& line) {
    SpilledRow row;
    row.ordinal = summary_.raw;
    row.line = line.number;
    row.file = file;
    const auto read =
        line.too_long
            ? Result<void>(Error{Errc::invalid_input, "the line is longer than " +
                                                          std::to_string(kMaxLineBytes) + " bytes"})
            : fill(row, path, line.text);
    if (read.ok()) {
      return spill_.add(row);
    }
    if (read.error().code != Errc::invalid_input && read.error().code != Errc::not_found) {
      return read.error();
    }
    ++summary_.invalid;
    refusals_.add(file, path, line.number, read.error().message);
    return config_.contract.strict ? Result<void>() : tell_invalid(path, line.number, read.error());
  }

  Result<void> fill(SpilledRow& row, const std::string& path, std::string_view text) {
    FD_TRY(const ContractRow contract, contract_.read(text));
    row.id = contract.id;
    row.canonical_input = contract.canonical_input;
    row.id_fields = contract.id_fields;
    const json::RowParser& parsed = contract_.row();
    const ExecConfig& exec = config_.gates.exec;
    if (exec.kind == ExecKind::sqlite) {
      if (parsed.member(exec.gold) == json::RowParser::Member::present) {
        row.gold = parsed.string(exec.gold);
        if (!row.gold) {
          return Error{Errc::invalid_input, "field '" + exec.gold + "' must be text"};
        }
      }
      FD_TRY(const std::uint32_t database, databases_.find(parsed, folder_of(path)));
      row.database = database + 1;
    }
    raw_.clear();
    parsed.append_row(raw_);
    row.raw = raw_;
    for (const std::string_view key : parsed.keys()) {
      if (columns_.find(key) == columns_.end()) {
        columns_.emplace(key);
      }
    }
    return {};
  }

  Result<void> tell_invalid(const std::string& path, std::uint64_t line, const Error& error) {
    if (!invalid_file_) {
      FD_TRY(AtomicFile file,
             AtomicFile::create(RunDir(options_.directory).invalid(), Durable::later));
      invalid_file_.emplace(std::move(file));
    }
    json::Object object;
    object["file"] = base_name(path);
    object["line"] = line;
    object["error"] = json::replace_invalid_utf8(error.message);
    return invalid_file_->write(json::canonical(json::Value(std::move(object))) + "\n");
  }

  const IngestOptions& options_;
  const RunConfig& config_;
  IngestSummary& summary_;
  RowSpill& spill_;
  Refusals& refusals_;
  RowContract contract_;
  DatabaseFinder databases_;
  std::optional<AtomicFile> invalid_file_;
  std::string raw_;
  std::set<std::string, std::less<>> columns_;
};

/// The second pass: rows in id order, deduplicated, cut into shards.
class SecondPass {
 public:
  SecondPass(const IngestOptions& options, IngestSummary& summary, RowSpill& spill,
             Refusals& refusals)
      : config_(*options.config),
        dir_(options.directory),
        summary_(summary),
        spill_(spill),
        refusals_(refusals) {}

  Result<void> run() {
    for (std::uint32_t bucket = 0; bucket < RowSpill::kBuckets; ++bucket) {
      std::string bytes;
      FD_TRY(const std::vector<SpilledRow> rows, spill_.read(bucket, bytes));
      const SpilledRow* kept = nullptr;
      for (const SpilledRow& row : rows) {
        digest_row(row);
        if (kept != nullptr && kept->id == row.id) {
          duplicate(*kept, row);
        } else {
          kept = &row;
          FD_TRY_VOID(emit(row));
        }
      }
    }
    if (file_) {
      FD_TRY_VOID(finish_shard());
    }
    while (next_shard_ < summary_.shards) {
      FD_TRY_VOID(start_shard());
      FD_TRY_VOID(finish_shard());
    }
    return {};
  }

  /// Writes the manifests of the stages raw, canonical and dedup.
  Result<void> write_manifests(const std::vector<std::string>& raw_columns) {
    FD_TRY(const Digest raw, write_stage("raw", raw_, raw_columns, {}));
    FD_TRY(const Digest canonical,
           write_stage("canonical", canonical_, {"canonical_input", "sample_id"}, {raw.hex()}));
    FD_TRY(const Digest dedup, write_stage("dedup", dedup_, columns(), {canonical.hex()}));
    static_cast<void>(dedup);
    return {};
  }

 private:
  void digest_row(const SpilledRow& row) {
    raw_.add(row.id, row.raw);
    line_ = "{\"canonical_input\":";
    line_ += row.canonical_input;
    line_ += ",\"sample_id\":\"";
    line_ += row.id.hex();
    line_ += "\"}";
    canonical_.add(row.id, line_);
  }

  void duplicate(const SpilledRow& kept, const SpilledRow& row) {
    const bool gold = kept.gold != row.gold;
    if (gold || kept.database != row.database) {
      ++summary_.conflict;
      if (config_.contract.strict) {
        const std::string& path = summary_.inputs.at(row.file).path;
        const std::string& other = summary_.inputs.at(kept.file).path;
        refusals_.add(row.file, path, row.line,
                      "same sample_id as " + (kept.file == row.file ? "line " : other + ":") +
                          std::to_string(kept.line) + " but another " +
                          (gold ? config_.gates.exec.gold : std::string("database")));
      }
    }
    ++summary_.duplicate;
  }

  Result<void> emit(const SpilledRow& row) {
    const std::uint32_t shard = shard_of(row.id, summary_.shards);
    while (next_shard_ <= shard) {
      if (file_) {
        FD_TRY_VOID(finish_shard());
      }
      FD_TRY_VOID(start_shard());
    }
    sample_.id = row.id;
    sample_.ordinal = row.ordinal;
    sample_.canonical_input = row.canonical_input;
    sample_.id_fields = row.id_fields;
    sample_.gold = row.gold ? std::optional<std::string>(*row.gold) : std::nullopt;
    sample_.database.clear();
    if (row.database > 0) {
      sample_.database = summary_.databases.at(row.database - 1).digest;
      shard_databases_.insert(sample_.database);
    }
    line_.clear();
    append_line(sample_, line_);
    dedup_.add(row.id, line_);
    shard_content_.add(row.id, line_);
    line_ += '\n';
    ++summary_.unique;
    return file_->write(line_);
  }

  Result<void> start_shard() {
    FD_TRY_VOID(make_directories(dir_.shard(next_shard_)));
    FD_TRY(AtomicFile file,
           AtomicFile::create(dir_.shard_file(next_shard_, "input.jsonl"), Durable::later));
    file_.emplace(std::move(file));
    ++next_shard_;
    return {};
  }

  Result<void> finish_shard() {
    const std::uint32_t shard = next_shard_ - 1;
    FD_TRY(FileEntry entry, file_->commit());
    file_.reset();
    Manifest manifest = manifest_of("shard", shard_content_, columns(), {});
    manifest.shard = shard;
    manifest.shards = summary_.shards;
    manifest.state = ShardFileState::pending;
    manifest.files.push_back(std::move(entry));
    manifest.databases.assign(shard_databases_.begin(), shard_databases_.end());
    shard_content_ = ContentDigest();
    shard_databases_.clear();
    return write(dir_.shard_file(shard, "manifest.json"), manifest);
  }

  static std::vector<std::string> columns() {
    return {"canonical_input", "database", "gold", "id_fields", "ordinal", "sample_id"};
  }

  Manifest manifest_of(const std::string& stage, ContentDigest& content,
                       std::vector<std::string> columns, std::vector<std::string> parents) {
    if (!config_digest_) {
      config_digest_ = config_digest(config_);
    }
    Manifest manifest;
    manifest.run_id = summary_.run_id;
    manifest.stage = stage;
    manifest.count = content.count();
    manifest.min_sample_id = content.min_id();
    manifest.max_sample_id = content.max_id();
    manifest.columns = std::move(columns);
    manifest.parents = std::move(parents);
    manifest.config_digest = *config_digest_;
    manifest.content_sha256 = content.finish();
    return manifest;
  }

  Result<Digest> write_stage(const std::string& stage, ContentDigest& content,
                             std::vector<std::string> columns, std::vector<std::string> parents) {
    const Manifest manifest = manifest_of(stage, content, std::move(columns), std::move(parents));
    const std::string path = dir_.stage_manifest(stage);
    FD_TRY_VOID(make_directories(folder_of(path)));
    FD_TRY_VOID(write(path, manifest));
    return manifest.content_sha256;
  }

  static Result<void> write(const std::string& path, const Manifest& manifest) {
    FD_TRY(const FileEntry entry,
           write_file(path, json::pretty(to_json(manifest)), Durable::later));
    static_cast<void>(entry);
    return {};
  }

  const RunConfig& config_;
  RunDir dir_;
  IngestSummary& summary_;
  RowSpill& spill_;
  Refusals& refusals_;
  ContentDigest raw_;
  ContentDigest canonical_;
  ContentDigest dedup_;
  ContentDigest shard_content_;
  std::set<std::string> shard_databases_;
  std::optional<Digest> config_digest_;
  std::optional<AtomicFile> file_;
  std::uint32_t next_shard_ = 0;
  Sample sample_;
  std::string line_;
};

}  // namespace

std::string default_run_id(const RunConfig& config, const std::vector<InputFile>& inputs,
                           std::uint64_t limit) {
  json::Array digests;
  for (const InputFile& input : inputs) {
    digests.emplace_back(input.sha256.hex());
  }
  json::Object object;
  object["config"] = config_digest(config).hex();
  object["inputs"] = std::move(digests);
  if (limit > 0) {
    object["limit"] = limit;
  }
  constexpr std::size_t kDigits = 16;
  return config.task + "-" +
         sha256(json::canonical(json::Value(std::move(object)))).hex().substr(0, kDigits);
}

Result<IngestSummary> ingest(const IngestOptions& options) {
  const RunConfig& config = *options.config;
  IngestSummary summary;
  Refusals refusals;
  FD_TRY_VOID(make_directories(RunDir(options.directory).databases()));
  FD_TRY_VOID(make_directories(RunDir(options.directory).shards()));
  FD_TRY(RowSpill made, RowSpill::create(options.directory + "/.spill"));
  std::optional<RowSpill> spill(std::move(made));
  FirstPass first(options, summary, *spill, refusals);
  FD_TRY_VOID(first.run());
  if (config.contract.strict && refusals.count() > 0) {
    return refusals.error();
  }
  const std::uint64_t valid = summary.raw - summary.invalid;
  if (valid == 0) {
    return Error{Errc::invalid_input, "no valid row in the input"};
  }
  const std::uint64_t by_size = (valid + config.sharding.target_size - 1) /
                                std::max<std::uint32_t>(config.sharding.target_size, 1);
  summary.shards = config.sharding.shards > 0
                       ? config.sharding.shards
                       : static_cast<std::uint32_t>(std::min<std::uint64_t>(by_size, UINT32_MAX));
  summary.run_id = options.run_id(summary.inputs);
  SecondPass second(options, summary, *spill, refusals);
  FD_TRY_VOID(second.run());
  if (config.contract.strict && refusals.count() > 0) {
    return refusals.error();
  }
  spill.reset();  // before the sync, which would write its pages out for nothing
  FD_TRY_VOID(second.write_manifests(first.columns()));
  FD_CHECK(summary.raw == summary.invalid + summary.duplicate + summary.unique);
  FD_TRY_VOID(sync_filesystem(options.directory));
  return summary;
}

Result<void> print_ids(const RunConfig& config, const std::vector<InputSpec>& inputs,
                       const std::function<Result<void>(std::string_view)>& write) {
  RowContract contract(config);
  Refusals refusals;
  std::string line;
  for (std::uint32_t file = 0; file < inputs.size(); ++file) {
    const std::string& path = inputs[file].path;
    FD_TRY(InputReader reader, InputReader::open(path));
    for (;;) {
      FD_TRY(const InputReader::Line input, reader.next());
      if (input.number == 0) {
        break;
      }
      if (input.too_long) {
        refusals.add(file, path, input.number, "the line is too long");
        continue;
      }
      if (blank(input.text)) {
        continue;
      }
      const auto row = contract.read(input.text);
      if (!row.ok()) {
        refusals.add(file, path, input.number, row.error().message);
        continue;
      }
      line = "{\"canonical_input\":";
      json::append_string(row->canonical_input, line);
      line += ",\"line\":" + std::to_string(input.number) + ",\"sample_id\":\"" + row->id.hex() +
              "\"}\n";
      FD_TRY_VOID(write(line));
    }
  }
  return config.contract.strict && refusals.count() > 0 ? Result<void>(refusals.error())
                                                        : Result<void>();
}

}  // namespace fd
