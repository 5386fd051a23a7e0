#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fd {

/// What a run is for.
enum class RunKind : std::uint8_t { distil };

/// The names that belong to a kind of run.
struct RunKindNames {
  RunKind kind;
  std::string_view name;                              ///< in run.json
  bool has_parent;                                    ///< it goes on from another run's output
  std::span<const std::string_view> input_stages;     ///< made by the ingest
  std::span<const std::string_view> merged_stages;    ///< made by the merge
  std::span<const std::string_view> quality_reports;  ///< reports/<name>/quality_report.json
  std::span<const std::string_view> reports;          ///< reports/<name>, the same bytes every time
  std::span<const std::string_view> exports;          ///< export/<name>
};

/// Returns the names of a kind: the one table of them.
const RunKindNames& names_of(RunKind kind);
/// Returns the kind that run.json names so; nothing when this program has none.
std::optional<RunKind> run_kind_from_name(std::string_view name);

}  // namespace fd
