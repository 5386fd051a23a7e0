#pragma once

#include <string>
#include <string_view>

#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

namespace fd {

/// Returns the turns in a file of few-shot examples as a list of {role, content}: a line has one
/// turn, or a chat in its member `messages`, as export/train.jsonl does; turns of the system are
/// left out of such a chat. Errors: invalid_input, naming the line.
Result<json::Value> examples_of(std::string_view text);

}  // namespace fd
