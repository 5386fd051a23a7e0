#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/json/json.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// What an endpoint taught about its requests: a set of Lesson, so that what several calls learn at
/// once adds up.
using Lessons = std::uint32_t;
enum Lesson : std::uint32_t {
  kMaxCompletionTokens = 1,  ///< the longest answer is called max_completion_tokens
  kNoTopP = 2,               ///< top_p is left out where it is 1, as without it
  kNoTemperature = 4,        ///< temperature is left out where it is 1, as without it
};

/// How an endpoint wants its requests.
struct Dialect {
  std::string model;  ///< what it calls the model; empty: as the call does
  MaxTokensKey max_tokens_key = MaxTokensKey::automatic;
  SeedKey seed_key = SeedKey::seed;
  json::Object extra_body;
  Lessons lessons = 0;
};

/// Returns the dialect that a provider's keys ask for, for calls of `role`.
Dialect dialect_of(const ProviderConfig& provider, Role role);

/// Returns what a refusal teaches: what can be said in another way that means the same. Nothing
/// when that is none, or the request said it in that way already: then the server's words are for
/// people. `words`: the server's, with the status in front or not.
std::optional<Lesson> lesson_of(std::uint32_t status, std::string_view words,
                                const Dialect& dialect, const DecodeConfig& decode);

}  // namespace fd
