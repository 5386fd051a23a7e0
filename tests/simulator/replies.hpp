#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fd::simulator {

/// One choice of a completion.
struct Choice {
  std::string text;
  bool cut = false;  ///< ended by max_tokens
};

/// What a completion says. Lifetime: borrows everything.
struct Completion {
  std::uint64_t id = 0;
  std::string_view model;
  const Choice* choices = nullptr;
  std::size_t choice_count = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
};

/// How a reply is framed.
struct ReplyHead {
  int status = 200;
  bool keep_alive = true;
  bool http_1_0 = false;
  double retry_after_s = -1;  ///< below 0: no Retry-After
};

/// Returns the estimate that stands for a tokenizer: a quarter of the bytes, at least 1.
std::uint64_t estimate_tokens(std::uint64_t bytes);

/// Cuts `choice` so that it holds at most `max_tokens` by estimate_tokens(), never inside a UTF-8
/// sequence, and marks it as cut when that took anything away.
void cut_to_tokens(std::uint64_t max_tokens, Choice& choice);

/// Appends the JSON of a chat completion. `created` is always 0: a reply depends on nothing but the
/// request.
void append_completion(const Completion& completion, std::string& out);
/// Appends the JSON of a model list.
void append_models(const std::vector<std::string>& models, std::string& out);
/// Appends the JSON of an error as OpenAI-compatible servers send it.
void append_error(int status, std::string_view message, std::string& out);

/// Appends a whole HTTP response with `body`.
void append_response(const ReplyHead& head, std::string_view body, std::string& out);

}  // namespace fd::simulator
