#include "protocol/stages.hpp"

namespace fd {

// Stages of one's own: a row here, and one with the same number in actors/stages/own_stages.cpp
// (docs/custom-stage.md). For example:
//
//   static constexpr OwnStage kRows[] = {{StageId{100}, "no_select_star", StageId::rules}};
//   return kRows;
//
// A program that brings a definition of its own never takes this file out of its library.
std::span<const OwnStage> own_stages() {
  return {};
}

}  // namespace fd
