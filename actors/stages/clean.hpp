#pragma once

#include <memory>

#include "actors/stages/stage.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// From answers to candidates with cleaned text. Sets Reason::truncated (the endpoint says that the
/// answer was cut, or a word that is not known), refusal (it says that a filter withheld it, or the
/// text does), empty_output (nothing but reasoning) or format_error (text without SQL, or with
/// several statements). When
/// gates.exec.kind is none, the text is the whole answer without its reasoning.
std::unique_ptr<Stage> make_clean_stage(const RunConfig& config);

}  // namespace fd
