#pragma once

#include <string>
#include <vector>

#include "protocol/records.hpp"

namespace fd {

/// Makes an outcome one that a frame can carry and a line of outcomes.jsonl can hold. Texts of
/// candidates that are a whole answer without its reasoning are left out of one that is too large:
/// the coordinator has the answers. One that is still too large becomes failed(internal). Returns
/// why, then; else nothing. Pure.
std::string fit_outcome(Outcome& outcome, const std::vector<Answer>& answers);

}  // namespace fd
