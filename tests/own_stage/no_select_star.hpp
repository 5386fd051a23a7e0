#pragma once

#include <memory>

#include "actors/stages/exec.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

inline constexpr StageId kNoSelectStar{100};

/// Rejects answers that select every column: an example of a stage of one's own
/// (docs/custom-stage.md). Pure: the same item always gets the same evidence.
class NoSelectStarStage final : public Stage {
 public:
  [[nodiscard]] StageId id() const override { return kNoSelectStar; }
  void process(WorkItem& item) override;
};

Result<std::unique_ptr<Stage>> make_no_select_star_stage(const RunConfig& config,
                                                         const SandboxOpener& open_database);

}  // namespace fd
