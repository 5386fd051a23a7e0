#include "actors/gateway/openai/dialect.hpp"

#include <string>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::uint32_t kBadRequest = 400;
constexpr std::uint32_t kUnprocessable = 422;

}  // namespace

Dialect dialect_of(const ProviderConfig& provider, Role role) {
  Dialect dialect;
  auto model = provider.model.find(std::string(name(role)));
  if (model == provider.model.end()) {
    model = provider.model.find("");
  }
  if (model != provider.model.end()) {
    dialect.model = model->second;
  }
  dialect.max_tokens_key = provider.max_tokens_key;
  dialect.seed_key = provider.seed_key;
  dialect.extra_body = provider.extra_body;
  return dialect;
}

std::optional<Lesson> lesson_of(std::uint32_t status, std::string_view words,
                                const Dialect& dialect, const DecodeConfig& decode) {
  if (status != kBadRequest && status != kUnprocessable) {
    return std::nullopt;
  }
  const std::string text = lowered(words);
  const auto is_new = [&](Lesson lesson) { return (dialect.lessons & lesson) == 0; };
  if (names_word(text, "max_completion_tokens") && decode.max_tokens &&
      dialect.max_tokens_key == MaxTokensKey::automatic && is_new(kMaxCompletionTokens)) {
    return kMaxCompletionTokens;
  }
  if (names_word(text, "top_p") && decode.top_p == 1.0 && is_new(kNoTopP)) {
    return kNoTopP;
  }
  if (names_word(text, "temperature") && decode.temperature == 1.0 && is_new(kNoTemperature)) {
    return kNoTemperature;
  }
  return std::nullopt;
}

}  // namespace fd
