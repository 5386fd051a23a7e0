#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "actors/storage/files.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Returns `text` fit for a terminal and a log: control characters escaped, invalid UTF-8 replaced,
/// at most `max_bytes` of it.
std::string safe_text(std::string_view text, std::size_t max_bytes);

/// Where a row stands.
struct RowPlace {
  std::uint32_t file = 0;  ///< index among the inputs
  std::string_view path;   ///< of that input
  std::uint64_t line = 0;  ///< from 1 on
  bool item = false;       ///< `line` is the number of an item of the file's JSON array
};

/// Returns the place as messages name it: "FILE:LINE", or "FILE: row NUMBER".
std::string place_text(const RowPlace& place);

/// Gathers refused rows: all are counted, the first of them listed, and all written to
/// invalid.jsonl when a path for it is given.
class Refusals {
 public:
  /// `invalid_path`: empty when no file is wanted; it is made with the first refusal.
  explicit Refusals(std::string invalid_path) : invalid_path_(std::move(invalid_path)) {}

  /// Errors: storage.
  Result<void> add(const RowPlace& place, std::string_view why);
  /// Completes invalid.jsonl, if there is any. Errors: storage.
  Result<void> finish();
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Returns `headline`, and below it the refusals with the lowest places, one a line.
  [[nodiscard]] Error error(const std::string& headline) const;

 private:
  std::string invalid_path_;
  std::optional<AtomicFile> invalid_;
  std::uint64_t count_ = 0;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> listed_;
};

/// Returns the name of an input file without its folders.
std::string base_name(std::string_view path);
/// Returns the folder of an input file: what paths in its rows are relative to.
std::string input_folder(std::string_view path);

}  // namespace fd
