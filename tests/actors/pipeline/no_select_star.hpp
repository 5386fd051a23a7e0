#pragma once

#include <memory>
#include <utility>

#include "actors/stages/stage.hpp"

namespace fd {

/// Rejects answers that select every column: an example of a stage of one's own
/// (docs/custom-stage.md). Pure: the same item always gets the same evidence.
class NoSelectStarStage final : public Stage {
 public:
  /// `before` is the stage that it follows: both run in one place, as one stage; may be null.
  explicit NoSelectStarStage(std::unique_ptr<Stage> before = nullptr)
      : before_(std::move(before)) {}
  [[nodiscard]] StageId id() const override { return StageId::rules; }
  void process(WorkItem& item) override;

 private:
  std::unique_ptr<Stage> before_;
};

}  // namespace fd
