#include "actors/stages/registry.hpp"

namespace fd {

// How stages of one's own are made: a row here, and one with the same number in
// protocol/own_stages.cpp (docs/custom-stage.md). For example:
//
//   static constexpr StageMaker kRows[] = {{StageId{100}, make_no_select_star_stage}};
//   return kRows;
//
// A program that brings a definition of its own never takes this file out of its library.
std::span<const StageMaker> own_stage_makers() {
  return {};
}

}  // namespace fd
