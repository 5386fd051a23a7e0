#pragma once

#include <string_view>

namespace fd {

/// What a provider's word for the end of an answer means.
enum class Finish {
  finished,   ///< the model ended it: "stop", "eos", "end_turn", no word at all, ...
  truncated,  ///< a limit of length cut it: "length", "max_tokens", "model_length", ...
  refused,    ///< a filter withheld it, or the model would not: "content_filter", "refusal", ...
  broken,     ///< the server gave up: "abort", "error". It is asked again
  unknown,    ///< any other word: not known to be whole, so it counts as truncated, and is told
};

/// Stands for the word of a provider whose filter refused the request with an error status.
inline constexpr const char* kFiltered = "content_filter";

/// Returns what `word` means, whatever its case. Source: OpenAI, Anthropic, Gemini, Mistral,
/// Cohere, Bedrock, Together, vLLM, SGLang, TGI, Ollama.
Finish finish_of(std::string_view word);

}  // namespace fd
