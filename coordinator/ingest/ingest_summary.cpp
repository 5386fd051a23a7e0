#include "coordinator/ingest/ingest_summary.hpp"

#include <utility>

#include "protocol/json/object_reader.hpp"

namespace fd {
namespace {

Result<InputFile> input_from(const json::Value& value) {
  json::ObjectReader reader(value, "ingest.inputs");
  InputFile file;
  file.path = reader.text("path");
  file.bytes = reader.whole("bytes");
  file.rows = reader.whole("rows");
  file.sha256 = reader.digest("sha256");
  FD_TRY_VOID(reader.ok());
  return file;
}

Result<DatabaseFile> database_from(const json::Value& value) {
  json::ObjectReader reader(value, "ingest.databases");
  DatabaseFile file;
  file.digest = reader.digest("digest").hex();
  file.source = reader.text("source");
  file.bytes = reader.whole("bytes");
  FD_TRY_VOID(reader.ok());
  return file;
}

}  // namespace

json::Value to_json(const IngestSummary& ingest) {
  json::Array inputs;
  for (const InputFile& file : ingest.inputs) {
    inputs.emplace_back(json::Object{{"path", file.path},
                                     {"bytes", file.bytes},
                                     {"rows", file.rows},
                                     {"sha256", file.sha256.hex()}});
  }
  json::Array databases;
  for (const DatabaseFile& file : ingest.databases) {
    databases.emplace_back(
        json::Object{{"digest", file.digest}, {"source", file.source}, {"bytes", file.bytes}});
  }
  return json::Object{{"run_id", ingest.run_id},
                      {"raw", ingest.raw},
                      {"invalid", ingest.invalid},
                      {"duplicate", ingest.duplicate},
                      {"conflict", ingest.conflict},
                      {"unique", ingest.unique},
                      {"shards", static_cast<std::uint64_t>(ingest.shards)},
                      {"inputs", std::move(inputs)},
                      {"databases", std::move(databases)}};
}

Result<IngestSummary> ingest_summary_from_json(const json::Value& value) {
  json::ObjectReader reader(value, "ingest");
  IngestSummary ingest;
  ingest.run_id = reader.text("run_id");
  ingest.raw = reader.whole("raw");
  ingest.invalid = reader.whole("invalid");
  ingest.duplicate = reader.whole("duplicate");
  ingest.conflict = reader.whole("conflict");
  ingest.unique = reader.whole("unique");
  ingest.shards = reader.whole<std::uint32_t>("shards");
  if (ingest.shards == 0) {
    reader.fail("shards", "is no number of shards");
  }
  for (const json::Value& one : reader.list("inputs")) {
    FD_TRY(InputFile file, input_from(one));
    ingest.inputs.push_back(std::move(file));
  }
  for (const json::Value& one : reader.list("databases")) {
    FD_TRY(DatabaseFile file, database_from(one));
    ingest.databases.push_back(std::move(file));
  }
  FD_TRY_VOID(reader.ok());
  return ingest;
}

}  // namespace fd
