#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Relative to the run's folder, as problems name it.
inline constexpr const char* kRunJson = "run.json";
inline constexpr const char* kSealFile = "seal.jsonl";
/// How many problems and notes of a verification are listed.
inline constexpr std::size_t kMaxListedProblems = 20;

/// Something in a run's folder that is not as it was written. The damage lies within the `length`
/// bytes from `offset` on; a length of 0 is a place where bytes are missing.
struct VerifyProblem {
  std::string file;  ///< relative to the run's folder
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string what;
};

/// What a verification read and found.
struct VerifyReport {
  std::string run_id;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;         ///< lines of the shards' files
  std::uint64_t ledger_rows = 0;  ///< of a ledger that is sound
  std::uint32_t shards = 0;
  std::uint32_t shards_finished = 0;
  std::optional<int> exit_code;                       ///< of a run that came to its end
  std::optional<std::uint32_t> other_output_version;  ///< that of the run, when it is not ours
  bool merge_repeated = false;          ///< what the merge derived was derived again and compared
  std::vector<VerifyProblem> problems;  ///< the first kMaxListedProblems, one a file
  std::uint64_t problem_count = 0;
  std::vector<std::string> notes;  ///< what is no damage, but good to know; bounded as problems are
  std::uint64_t note_count = 0;

  [[nodiscard]] bool sound() const { return problem_count == 0; }
};

/// Collects what a verification finds, in the order of finding.
class Verification {
 public:
  /// Adds a problem; later ones of the same file are left out, since the first one breeds them.
  void problem(const std::string& file, std::uint64_t offset, std::uint64_t length,
               std::string what);
  /// Adds the problem that `file` differs from what `entry` says.
  void damaged(const std::string& file, const FileEntry& entry, const FileEntry& actual,
               const std::string& whose_word);
  void missing(const std::string& file) { problem(file, 0, 0, "is missing"); }
  void note(std::string text);
  [[nodiscard]] bool has_problem(const std::string& file) const { return named_.count(file) > 0; }
  /// Reads a file that should be there; nothing, and a problem, when it is not. Errors: storage.
  Result<std::optional<std::string>> read_text(const RunDir& dir, const std::string& file);
  /// Digests a file that should be there; nothing, and a problem, when it is not. Errors: storage.
  Result<std::optional<FileEntry>> read_digest(const RunDir& dir, const std::string& file);
  /// Counts a file that was read, once; it is then known to belong to the run.
  void read(const std::string& file, std::uint64_t bytes);
  /// Tells that a file belongs to the run, whether it is there or not.
  void expect(const std::string& file) { read_.try_emplace(file, false); }
  [[nodiscard]] bool expected(const std::string& file) const { return read_.count(file) > 0; }

  VerifyReport report;

 private:
  template <class T>
  Result<std::optional<T>> found(const std::string& file, Result<T> read);
  std::set<std::string> named_;
  std::map<std::string, bool> read_;  ///< the files of the run: whether they were counted
};

}  // namespace fd
