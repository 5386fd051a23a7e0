#include "coordinator/run/run_kind.hpp"

#include <algorithm>
#include <array>

#include "protocol/base/result.hpp"

namespace fd {
namespace {

using Name = std::string_view;

constexpr std::array<Name, 3> kInputStages = {"raw", "canonical", "dedup"};
constexpr std::array<Name, 6> kMergedStages = {"teacher", "filtered", "exec",
                                               "scored",  "selected", "distilled"};
constexpr std::array<Name, 2> kQualityReports = {"teacher_eval", "distilled"};
constexpr std::array<Name, 1> kReports = {"cost_report.json"};
constexpr std::array<Name, 4> kExports = {"train.jsonl", "valid.jsonl", "rejected.jsonl",
                                          "README.md"};

constexpr std::array kKinds = {RunKindNames{.kind = RunKind::distil,
                                            .name = "distil",
                                            .has_parent = false,
                                            .input_stages = kInputStages,
                                            .merged_stages = kMergedStages,
                                            .quality_reports = kQualityReports,
                                            .reports = kReports,
                                            .exports = kExports}};

}  // namespace

const RunKindNames& names_of(RunKind kind) {
  const auto found = std::ranges::find(kKinds, kind, &RunKindNames::kind);
  FD_CHECK(found != kKinds.end());
  return *found;
}

std::optional<RunKind> run_kind_from_name(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &RunKindNames::name);
  return found == kKinds.end() ? std::nullopt : std::optional(found->kind);
}

}  // namespace fd
