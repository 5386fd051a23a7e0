#include "actors/gateway/finish_reason.hpp"

#include <algorithm>
#include <array>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

struct Word {
  std::string_view word;
  Finish means;
};

constexpr auto kWords = std::to_array<Word>({
    {"", Finish::finished},
    {"stop", Finish::finished},
    {"eos", Finish::finished},
    {"eos_token", Finish::finished},
    {"end_turn", Finish::finished},
    {"stop_sequence", Finish::finished},
    {"complete", Finish::finished},
    {"completed", Finish::finished},
    {"done", Finish::finished},
    {"finished", Finish::finished},
    {"null", Finish::finished},
    {"none", Finish::finished},
    {"length", Finish::truncated},
    {"max_tokens", Finish::truncated},
    {"max_length", Finish::truncated},
    {"max_output_tokens", Finish::truncated},
    {"model_length", Finish::truncated},
    {"model_context_window_exceeded", Finish::truncated},
    {"context_length_exceeded", Finish::truncated},
    {"token_limit", Finish::truncated},
    {"content_filter", Finish::refused},
    {"content_filtered", Finish::refused},
    {"error_toxic", Finish::refused},
    {"guardrail_intervened", Finish::refused},
    {"refusal", Finish::refused},
    {"safety", Finish::refused},
    {"recitation", Finish::refused},
    {"blocklist", Finish::refused},
    {"prohibited_content", Finish::refused},
    {"spii", Finish::refused},
    {"abort", Finish::broken},
    {"error", Finish::broken},
});

}  // namespace

Finish finish_of(std::string_view word) {
  const auto found = std::find_if(kWords.begin(), kWords.end(), [&](const Word& one) {
    return equals_ignoring_case(one.word, word);
  });
  return found == kWords.end() ? Finish::unknown : found->means;
}

}  // namespace fd
