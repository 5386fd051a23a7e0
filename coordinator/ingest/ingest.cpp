#include "coordinator/ingest/ingest.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/ingest/databases.hpp"
#include "coordinator/ingest/id_sorter.hpp"
#include "coordinator/ingest/input_reader.hpp"
#include "coordinator/ingest/refusals.hpp"
#include "coordinator/ingest/row_contract.hpp"
#include "coordinator/ingest/row_remarks.hpp"
#include "coordinator/ingest/second_pass.hpp"
#include "protocol/limits.hpp"
#include "protocol/run_dir.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kProgressRows = 10000;
/// The most shards that ingest chooses on its own: as many as the config may ask for.
constexpr std::uint64_t kMaxShards = 65536;
/// The most different field names that all rows may have together.
constexpr std::size_t kMaxColumns = 10000;

/// Checks that a frame can carry the sample later. Errors: invalid_input.
Result<void> check_size(const ContractRow& row, std::span<const std::string_view> golds) {
  std::size_t bytes = row.canonical_input.size();
  for (const std::string_view gold : golds) {
    bytes += gold.size();
  }
  for (const MemberPlace& member : row.id_fields) {
    bytes += member.to - member.from;
  }
  if (bytes > kMaxSampleBytes) {
    return Error{Errc::invalid_input,
                 "the row's contract fields and gold have " + std::to_string(bytes) +
                     " bytes in canonical form, more than " + std::to_string(kMaxSampleBytes)};
  }
  return {};
}

Error too_long(bool item) {
  return Error{Errc::invalid_input, std::string(item ? "the row" : "the line") +
                                        " is longer than " + std::to_string(kMaxLineBytes) +
                                        " bytes"};
}

/// The different keys of all rows.
class ColumnSet {
 public:
  /// Returns false when `keys` would make them too many; then none is added.
  bool add(std::span<const std::string_view> keys) {
    if (std::equal(keys.begin(), keys.end(), last_.begin(), last_.end())) {
      return true;  // rows mostly have the keys of the row before
    }
    std::vector<std::string> fresh;
    for (const std::string_view key : keys) {
      if (columns_.find(key) == columns_.end()) {
        fresh.emplace_back(key);
      }
    }
    if (columns_.size() + fresh.size() > kMaxColumns) {
      return false;
    }
    columns_.insert(fresh.begin(), fresh.end());
    last_.assign(keys.begin(), keys.end());
    return true;
  }
  [[nodiscard]] std::vector<std::string> sorted() const {
    return {columns_.begin(), columns_.end()};
  }

 private:
  std::set<std::string, std::less<>> columns_;
  std::vector<std::string> last_;
};

/// The first pass: reads every row, finds its id, its gold and its database.
class FirstPass {
 public:
  FirstPass(const IngestOptions& options, IngestSummary& summary, IdSorter& rows, IdSorter* ids,
            Refusals& refusals, RowRemarks& remarks)
      : options_(options),
        config_(*options.config),
        summary_(summary),
        rows_(rows),
        ids_(ids),
        refusals_(refusals),
        remarks_(remarks),
        contract_(config_),
        databases_(config_.gates.exec.database, RunDir(options.directory).databases()) {}

  Result<void> run() {
    for (const InputSpec& input : options_.inputs) {
      FD_TRY_VOID(read_input(input.path));
    }
    if (options_.progress) {
      options_.progress(summary_.raw);
    }
    summary_.databases = databases_.files();
    return {};
  }

  [[nodiscard]] std::vector<std::string> columns() const { return columns_.sorted(); }

 private:
  [[nodiscard]] bool full() const { return options_.limit > 0 && summary_.raw >= options_.limit; }

  Result<void> read_input(const std::string& path) {
    FD_TRY(InputReader reader, InputReader::open(path));
    const auto index = static_cast<std::uint32_t>(summary_.inputs.size());
    folder_ = input_folder(path);
    std::uint64_t rows = 0;
    while (!full()) {
      FD_TRY(const InputReader::Line line, reader.next());
      if (line.number == 0) {
        break;
      }
      FD_TRY_VOID(take({index, path, line.number, reader.array()}, line));
      ++rows;
      ++summary_.raw;
      if (options_.progress && summary_.raw % kProgressRows == 0) {
        options_.progress(summary_.raw);
      }
    }
    FD_TRY(InputFile file, reader.finish());
    file.rows = rows;
    summary_.inputs.push_back(std::move(file));
    return {};
  }

  Result<void> take(const RowPlace& place, const InputReader::Line& line) {
    const auto taken = line.too_long ? Result<void>(too_long(place.item)) : store(place, line.text);
    if (taken.ok() || taken.error().code != Errc::invalid_input) {
      return taken;
    }
    ++summary_.invalid;
    return refusals_.add(place, taken.error().message);
  }

  Result<void> store(const RowPlace& place, std::string_view text) {
    FD_TRY(const ContractRow row, contract_.read(text));
    const json::RowParser& parsed = contract_.row();
    SpilledRow spilled;
    spilled.line = place.line;
    spilled.file = place.file;
    if (const ExecConfig& exec = config_.gates.exec; exec.kind == ExecKind::sqlite) {
      FD_TRY(golds_, golds_of(parsed, exec.gold));
      spilled.golds.assign(golds_.begin(), golds_.end());
      FD_TRY(const std::uint32_t database, databases_.find(parsed, folder_));
      spilled.database = database + 1;
    }
    FD_TRY_VOID(check_size(row, spilled.golds));
    FD_TRY_VOID(remarks_.look(parsed, spilled.golds, place));
    if (!columns_.add(parsed.keys())) {
      return Error{Errc::invalid_input, "brings the number of different field names over " +
                                            std::to_string(kMaxColumns)};
    }
    spilled.text = row.text;
    spilled.content = row.content;
    spilled.id_fields = row.id_fields;
    body_.clear();
    append_spilled(spilled, body_);
    FD_TRY_VOID(rows_.add({row.id, summary_.raw, body_}));
    return ids_ != nullptr ? ids_->add({row.id, summary_.raw, {}}) : Result<void>();
  }

  const IngestOptions& options_;
  const RunConfig& config_;
  IngestSummary& summary_;
  IdSorter& rows_;
  IdSorter* ids_;  ///< for counting the different ids; null when nobody asks
  Refusals& refusals_;
  RowRemarks& remarks_;
  RowContract contract_;
  DatabaseFinder databases_;
  ColumnSet columns_;
  std::string folder_;              ///< of the input that is read
  std::vector<std::string> golds_;  ///< of the row that is read
  std::string body_;
};

Error rows_refused(const Refusals& refusals) {
  const std::uint64_t count = refusals.count();
  return refusals.error(std::to_string(count) + (count == 1 ? " row is" : " rows are") +
                        " refused (contract.strict is true):");
}

Error no_valid_row(const IngestSummary& summary, const Refusals& refusals) {
  std::string names;
  for (const InputFile& input : summary.inputs) {
    names += (names.empty() ? "" : ", ") + (input.path == "-" ? "standard input" : input.path);
  }
  return refusals.error(names + ": no valid row" +
                        (refusals.count() > 0 ? ", all are refused:" : "; nothing is in it"));
}

/// What the user would have to mend is the input here, not the config.
template <class T>
Result<T> of_input(Result<T> result) {
  if (result.ok() ||
      (result.error().code != Errc::invalid_input && result.error().code != Errc::not_found)) {
    return result;
  }
  return Error{Errc::bad_data, result.error().message};
}

Result<std::uint32_t> shard_count(const ShardingConfig& sharding, IdSorter& ids) {
  if (sharding.shards > 0) {
    return sharding.shards;
  }
  std::uint64_t unique = 0;
  std::optional<SampleId> last;
  FD_TRY_VOID(ids.for_each([&](const IdSorter::Record& record) -> Result<void> {
    unique += last != record.id ? 1 : 0;
    last = record.id;
    return {};
  }));
  FD_CHECK(sharding.target_size > 0);
  const std::uint64_t shards = (unique + sharding.target_size - 1) / sharding.target_size;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(shards, 1, kMaxShards));
}

Result<IngestSummary> ingest_rows(const IngestOptions& options) {
  const RunConfig& config = *options.config;
  const RunDir dir(options.directory);
  IngestSummary summary;
  Refusals refusals(config.contract.strict ? "" : dir.invalid());
  FD_TRY_VOID(make_directories(dir.databases()));
  FD_TRY_VOID(make_directories(dir.shards()));
  FD_TRY(IdSorter made, IdSorter::create(options.directory));
  std::optional<IdSorter> rows(std::move(made));
  FD_TRY(IdSorter ids, IdSorter::create(options.directory));
  RowRemarks remarks(config);
  FirstPass first(options, summary, *rows, config.sharding.shards == 0 ? &ids : nullptr, refusals,
                  remarks);
  FD_TRY_VOID(first.run());
  if (config.contract.strict && refusals.count() > 0) {
    return rows_refused(refusals);
  }
  if (summary.raw == summary.invalid) {
    return no_valid_row(summary, refusals);
  }
  FD_TRY(summary.shards, shard_count(config.sharding, ids));
  summary.run_id = options.run_id(summary.inputs);
  SecondPass second(config, dir, summary, refusals, remarks);
  FD_TRY_VOID(rows->for_each([&](const IdSorter::Record& record) { return second.take(record); }));
  if (config.contract.strict && refusals.count() > 0) {
    return rows_refused(refusals);
  }
  rows.reset();  // before the sync, which would write its pages out for nothing
  FD_TRY_VOID(second.finish(first.columns()));
  FD_TRY_VOID(refusals.finish());
  summary.warnings = remarks.texts();
  FD_CHECK(summary.raw == summary.invalid + summary.duplicate + summary.unique);
  FD_TRY_VOID(sync_filesystem(options.directory));
  return summary;
}

Result<void> print_rows(const RunConfig& config, const std::vector<InputSpec>& inputs,
                        const std::function<Result<void>(std::string_view)>& write) {
  RowContract contract(config);
  Refusals refusals("");
  std::string line;
  for (std::uint32_t file = 0; file < inputs.size(); ++file) {
    const std::string& path = inputs[file].path;
    FD_TRY(InputReader reader, InputReader::open(path));
    for (;;) {
      FD_TRY(const InputReader::Line input, reader.next());
      if (input.number == 0) {
        break;
      }
      const auto row = input.too_long ? Result<ContractRow>(too_long(reader.array()))
                                      : contract.read(input.text);
      if (!row.ok()) {
        FD_TRY_VOID(refusals.add({file, path, input.number, reader.array()}, row.error().message));
        continue;
      }
      line = "{\"canonical_input\":";
      json::append_string(row->canonical_input, line);
      line += ",\"line\":" + std::to_string(input.number) + ",\"sample_id\":\"" + row->id.hex() +
              "\"}\n";
      FD_TRY_VOID(write(line));
    }
    FD_TRY_VOID(reader.finish());
  }
  return config.contract.strict && refusals.count() > 0 ? Result<void>(rows_refused(refusals))
                                                        : Result<void>();
}

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
  return of_input(ingest_rows(options));
}

Result<void> print_ids(const RunConfig& config, const std::vector<InputSpec>& inputs,
                       const std::function<Result<void>(std::string_view)>& write) {
  return of_input(print_rows(config, inputs, write));
}

}  // namespace fd
