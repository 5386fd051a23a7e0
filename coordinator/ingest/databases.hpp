#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/ingest/ingest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

namespace fd {

/// The most different databases, by path, that one input may name.
inline constexpr std::size_t kMaxDatabases = 100000;

/// Renders a template with {{field}} places over a row; numbers go in as JCS text.
/// Errors: invalid_input, naming a field that is missing, or neither text nor number.
Result<std::string> render_path(std::string_view path_template, const json::RowParser& row);

/// Finds the databases that rows name, and copies each once into the run, under its SHA-256. A
/// damaged one is refused: its rows could only fail, after they were paid for.
class DatabaseFinder {
 public:
  /// `directory` is the run's databases/; it exists.
  DatabaseFinder(std::string path_template, std::string directory);

  /// Returns the index into files() of the database of `row`, whose input file lies in
  /// `input_folder`. The path's text may not leave that folder; links in there may lead anywhere.
  /// Errors: invalid_input, saying what is wrong with the row; storage.
  Result<std::uint32_t> find(const json::RowParser& row, const std::string& input_folder);
  [[nodiscard]] const std::vector<DatabaseFile>& files() const { return files_; }

 private:
  Result<std::uint32_t> take(const std::string& relative, const std::string& input_folder);
  Result<std::uint32_t> copy(const std::string& path, const std::string& shown);

  std::string template_;
  std::string directory_;
  std::vector<DatabaseFile> files_;
  std::map<std::string, std::uint32_t> by_digest_;
  /// By input folder and path; what was wrong with a path is not looked up again either.
  std::map<std::string, std::map<std::string, Result<std::uint32_t>>, std::less<>> known_;
  std::size_t known_count_ = 0;
};

}  // namespace fd
