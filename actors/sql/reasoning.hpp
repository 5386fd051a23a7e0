#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fd {

/// Returns what stands outside of an answer's reasoning, in its order; empty pieces are left out.
/// Reasoning stands between an opening and a closing mark; without a closing one, all behind the
/// opening one is, without an opening one all before it. Marks are tags (<think>, <seed:think>),
/// [THINK], gpt-oss channels and their like; one inside a literal, quotes or backticks is none.
/// Lifetime: that of `answer`.
std::vector<std::string_view> answer_parts(std::string_view answer);

/// Returns an answer that need not be SQL, without its reasoning: what stands at its start, up to a
/// closing mark. A mark that the text only mentions cuts nothing.
std::string without_reasoning(std::string_view answer);

}  // namespace fd
