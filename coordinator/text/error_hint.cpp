#include "coordinator/text/error_hint.hpp"

#include <algorithm>
#include <array>

#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr std::size_t kShownCharacters = 300;

/// One row of the table. The first row that fits an error has its hint.
struct HintRow {
  std::uint32_t least = 0;  ///< status
  std::uint32_t most = 0;
  /// In lower case. An error fits with one of each list; an empty text is no word, and a list
  /// without a word fits always.
  std::array<std::string_view, 5> one_of{};
  std::array<std::string_view, 5> and_one_of{};
  std::string_view hint;
};

constexpr std::string_view kModel =
    "teacher.model must be a name that this provider knows (GET base_url/models lists them); a "
    "local server may have to load it first (`ollama pull NAME`)";
constexpr std::string_view kLeaveOut =
    "the model does not take this parameter or value: set the key of that name under "
    "teacher.decode to a value that it takes, or to null, which leaves it out";

constexpr std::array kHints = std::to_array<HintRow>({
    {0,
     0,
     {"certificate", "ssl ", "tls"},
     {},
     "the server's certificate is not trusted: name its CA with the provider's ca_file or with "
     "SSL_CERT_FILE"},
    {0,
     0,
     {"resolve host", "resolve proxy", "resolving"},
     {},
     "no such host: check the provider's base_url"},
    {0,
     0,
     {"refused", "failed to connect", "couldn't connect", "could not connect"},
     {},
     "nothing listens there: start the server, or check the provider's base_url"},
    {0,
     0,
     {"timed out", "timeout"},
     {},
     "raise gateway.request_timeout_s, or lower the provider's max_concurrency when the server "
     "answers few calls at a time"},
    {300,
     399,
     {},
     {},
     "redirects are not followed: set the provider's base_url to the new address"},
    {401, 401, {}, {}, "the provider does not take the key: check api_key_env of the provider"},
    {402, 402, {}, {}, "the account at the provider has no money left"},
    {403,
     429,
     {"insufficient_quota", "insufficient balance", "exceeded your current quota", "credit"},
     {},
     "the account at the provider has no money left"},
    {400,
     422,
     {"max_tokens"},
     {"unsupported", "not supported", "max_completion_tokens"},
     "set the provider's max_tokens_key: max_completion_tokens"},
    {400,
     422,
     {"context length", "context window", "context_length", "context size", "maximum context"},
     {},
     "the prompt and teacher.decode.max_tokens are more than the model's context holds: shorten "
     "these rows, lower max_tokens, or give the server a longer context"},
    {400, 422, {"temperature", "top_p", "'seed'", "'stop'"}, {}, kLeaveOut},
    {404, 404, {"no endpoints found", "no allowed providers"}, {}, kModel},
    {400, 404, {"model"}, {"not found", "not exist", "does not", "unknown", "pull"}, kModel},
    {200,
     499,
     {"candidates at once"},
     {},
     "an endpoint that brings fewer, or refuses, is asked for one candidate at a time from then "
     "on; "
     "n: one of the provider asks so from the start"},
    {404, 405, {}, {}, "check the provider's base_url: it mostly ends in /v1"},
    {429, 429, {}, {}, "the provider limits the rate: lower its max_concurrency, or wait"},
    {503, 503, {"loading"}, {}, "the server still loads its model: the calls are tried again"},
    {200,
     299,
     {"json", "html", "endpoint"},
     {},
     "this is no OpenAI-compatible reply: check the provider's base_url, it mostly ends in /v1"},
});

bool has_one(std::string_view words, const std::array<std::string_view, 5>& list) {
  return list.front().empty() || std::ranges::any_of(list, [&](std::string_view word) {
           return !word.empty() && words.find(word) != std::string_view::npos;
         });
}

}  // namespace

std::string_view error_hint(std::uint32_t status, std::string_view words) {
  std::string lower(words);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const HintRow& row : kHints) {
    if (status >= row.least && status <= row.most && has_one(lower, row.one_of) &&
        has_one(lower, row.and_one_of)) {
      return row.hint;
    }
  }
  return {};
}

std::string error_line(const EndpointError& error) {
  return printable(error.provider) + ": " + printable(shortened(error.words, kShownCharacters));
}

std::string error_with_hint(const EndpointError& error) {
  const std::string_view hint = error_hint(error.status, error.words);
  return error_line(error) + (hint.empty() ? "" : "\n  hint: " + std::string(hint));
}

}  // namespace fd
