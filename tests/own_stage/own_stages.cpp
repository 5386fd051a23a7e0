// What a program with the example stage has in place of protocol/own_stages.cpp and
// actors/stages/own_stages.cpp.

#include "actors/stages/registry.hpp"
#include "tests/own_stage/no_select_star.hpp"

namespace fd {

std::span<const OwnStage> own_stages() {
  static constexpr OwnStage kRows[] = {{kNoSelectStar, "no_select_star", StageId::rules}};
  return kRows;
}

std::span<const StageMaker> own_stage_makers() {
  static constexpr StageMaker kRows[] = {{kNoSelectStar, make_no_select_star_stage}};
  return kRows;
}

}  // namespace fd
