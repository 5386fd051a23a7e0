#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/ingest.hpp"
#include "protocol/json.hpp"
#include "protocol/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// A row as the contract sees it. Lifetime: views into the RowContract, good until its next read().
struct ContractRow {
  SampleId id;
  std::string_view canonical_input;  ///< JCS text
  std::string_view id_fields;        ///< JCS text; empty without id fields
};

/// Reads rows by the data contract of a config: canonical input, id fields, sample_id. Pure.
class RowContract {
 public:
  explicit RowContract(const RunConfig& config);

  /// Errors: invalid_input, saying what is wrong with the row.
  Result<ContractRow> read(std::string_view line);
  /// Returns the parsed row that the last read() was given.
  [[nodiscard]] const json::RowParser& row() const { return parser_; }

 private:
  struct Field {
    std::string name;
    std::string key_text;  ///< `"name":`
  };
  static std::vector<Field> fields_of(const std::vector<std::string>& names);
  bool drop_null_;
  std::vector<Field> fields_;     ///< in canonical order
  std::vector<Field> id_fields_;  ///< in canonical order
  std::string task_text_;         ///< `,"task":"...","v":1}`
  json::RowParser parser_;
  Sha256 sha_;
  std::string canonical_;
  std::string ids_;
  std::string id_text_;
};

/// Finds the databases that rows name, digests each once, and copies it into the run. Shell.
class DatabaseFinder {
 public:
  DatabaseFinder(std::string templ, std::string directory);

  /// Returns the index into files() of the database of `row`, whose input lies in `input_folder`.
  /// Errors: invalid_input, saying what is wrong; storage.
  Result<std::uint32_t> find(const json::RowParser& row, const std::string& input_folder);
  [[nodiscard]] const std::vector<DatabaseFile>& files() const { return files_; }

 private:
  Result<std::string> render(const json::RowParser& row) const;
  Result<std::uint32_t> take(const std::string& relative, const std::string& input_folder);
  std::string template_;
  std::string directory_;  ///< databases/ of the run
  std::vector<DatabaseFile> files_;
  std::map<std::pair<std::string, std::string>, Result<std::uint32_t>> known_;
};

}  // namespace fd
