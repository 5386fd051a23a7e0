#include "coordinator/ingest/ingest_summary.hpp"

#include <utility>

namespace fd {
namespace {

/// Reads members of run.json's part on the ingest; the first thing that is wrong is kept.
class Reader {
 public:
  Reader(const json::Value& value, std::string where) : value_(value), where_(std::move(where)) {}

  std::uint64_t whole(const char* key) {
    const json::Value* found = value_.find(key);
    if (found == nullptr || !found->as_uint()) {
      fail(key, "a whole number");
      return 0;
    }
    return *found->as_uint();
  }
  std::string text(const char* key) {
    const json::Value* found = value_.find(key);
    if (found == nullptr || found->as_string() == nullptr) {
      fail(key, "a text");
      return {};
    }
    return *found->as_string();
  }
  const json::Array& list(const char* key) {
    static const json::Array none;
    const json::Value* found = value_.find(key);
    if (found == nullptr || found->as_array() == nullptr) {
      fail(key, "a list");
      return none;
    }
    return *found->as_array();
  }
  Digest digest(const char* key) {
    const auto found = Digest::from_hex(text(key));
    if (!found) {
      fail(key, "a digest");
    }
    return found.value_or(Digest{});
  }
  void fail(const char* key, const char* what) {
    if (ok_.ok()) {
      ok_ = Error{Errc::corrupt, where_ + "." + key + ": must be " + what};
    }
  }
  [[nodiscard]] const Result<void>& ok() const { return ok_; }

 private:
  const json::Value& value_;
  std::string where_;
  Result<void> ok_;
};

Result<InputFile> input_from(const json::Value& value) {
  Reader reader(value, "ingest.inputs");
  InputFile file;
  file.path = reader.text("path");
  file.bytes = reader.whole("bytes");
  file.rows = reader.whole("rows");
  file.sha256 = reader.digest("sha256");
  FD_TRY_VOID(reader.ok());
  return file;
}

Result<DatabaseFile> database_from(const json::Value& value) {
  Reader reader(value, "ingest.databases");
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
  Reader reader(value, "ingest");
  IngestSummary ingest;
  ingest.run_id = reader.text("run_id");
  ingest.raw = reader.whole("raw");
  ingest.invalid = reader.whole("invalid");
  ingest.duplicate = reader.whole("duplicate");
  ingest.conflict = reader.whole("conflict");
  ingest.unique = reader.whole("unique");
  const std::uint64_t shards = reader.whole("shards");
  if (shards == 0 || shards > UINT32_MAX) {
    reader.fail("shards", "a number of shards");
  }
  ingest.shards = static_cast<std::uint32_t>(shards);
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
