#pragma once

#include "actors/stages/stage.hpp"

namespace fd {

/// Rejects answers that select every column: an example of a stage of one's own
/// (docs/custom-stage.md). Pure: the same item always gets the same evidence.
class NoSelectStarStage final : public Stage {
 public:
  [[nodiscard]] StageId id() const override { return StageId::rules; }
  void process(WorkItem& item) override;
};

}  // namespace fd
