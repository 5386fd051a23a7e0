#pragma once

#include <memory>

#include "actors/stages/stage.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// From answers to candidates with cleaned text. Sets Reason::truncated (finish reason "length"),
/// empty_output (nothing but reasoning), refusal, or format_error (text without SQL). When
/// gates.exec.kind is none, the text is the whole answer without its reasoning.
std::unique_ptr<Stage> make_clean_stage(const RunConfig& config);

}  // namespace fd
