#include "actors/gateway/openai/reply_body.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace fd {
namespace {

/// Passes a string and stores it; passes anything else and stores nothing.
bool read_text(ReplyReader& reader, std::string& out) {
  if (reader.peek() == ReplyKind::string) {
    return reader.read_string(out);
  }
  out.clear();
  return reader.skip();
}

/// Returns the non-negative whole number up to 2^53 that `word` spells, or nothing.
std::optional<std::uint64_t> whole_number(std::string_view word) {
  constexpr double kMax = 9007199254740992.0;
  double number = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), number);
  if (end.ec != std::errc() || end.ptr != word.data() + word.size() || !(number >= 0) ||
      number > kMax || static_cast<double>(static_cast<std::uint64_t>(number)) != number) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(number);
}

/// Passes a whole number and stores it; passes anything else and leaves `out` as it is.
bool read_index(ReplyReader& reader, std::uint64_t& out) {
  std::string_view word;
  if (reader.peek() != ReplyKind::word) {
    return reader.skip();
  }
  if (!reader.read_word(word)) {
    return false;
  }
  out = whole_number(word).value_or(out);
  return true;
}

/// Passes a whole number and stores it; passes anything else and stores nothing.
bool read_known(ReplyReader& reader, std::optional<std::uint64_t>& out) {
  constexpr std::uint64_t kNone = UINT64_MAX;
  std::uint64_t number = kNone;
  const bool read = read_index(reader, number);
  out = number == kNone ? std::nullopt : std::optional(number);
  return read;
}

}  // namespace

bool ReplyBody::read() {
  if (reader_.peek() != ReplyKind::object) {
    return read_list();
  }
  return reader_.read_object([this](std::string_view key) { return read_member(key); }) &&
         reader_.at_end();
}

/// Reads the errors of a list of replies; returns false, for such a list is no answer.
bool ReplyBody::read_list() {
  if (reader_.peek() == ReplyKind::array) {
    reader_.read_array([this](std::size_t) {
      return reader_.peek() != ReplyKind::object
                 ? reader_.skip()
                 : reader_.read_object([this](std::string_view key) {
                     return key == "error" ? read_error() : reader_.skip();
                   });
    });
  }
  return false;
}

bool ReplyBody::read_member(std::string_view key) {
  if (key == "choices") {
    return read_choices();
  }
  if (key == "model") {
    return read_text(reader_, completion.served_model);
  }
  if (key == "usage") {
    return read_usage();
  }
  if (key == "error") {
    return read_error();
  }
  if ((key == "message" || key == "detail") && reader_.peek() == ReplyKind::string) {
    return reader_.read_string(error_message);
  }
  return reader_.skip();
}

bool ReplyBody::read_choices() {
  choices.clear();
  if (reader_.peek() != ReplyKind::array) {
    return reader_.skip();
  }
  const bool read = reader_.read_array([&](std::size_t at) {
    if (at >= kMaxReplyChoices) {
      return reader_.skip();
    }
    choices.emplace_back().index = at;
    return read_choice(choices.back());
  });
  std::ranges::stable_sort(choices, {}, &ReplyChoice::index);
  return read;
}

bool ReplyBody::read_choice(ReplyChoice& choice) {
  choice.fault = "no message in choices[0]";
  if (reader_.peek() != ReplyKind::object) {
    return reader_.skip();
  }
  return reader_.read_object([&](std::string_view key) {
    if (key == (form_ == ReplyForm::whole ? "message" : "delta")) {
      return read_message(choice);
    }
    if (key == "index") {
      return read_index(reader_, choice.index);
    }
    if (key == "finish_reason") {
      return read_text(reader_, choice.finish_reason);
    }
    return key == "error" ? read_error() : reader_.skip();
  });
}

bool ReplyBody::read_message(ReplyChoice& choice) {
  if (reader_.peek() != ReplyKind::object) {
    return reader_.skip();
  }
  choice.fault.clear();
  thoughts_.clear();
  std::string other;
  const bool read = reader_.read_object([&](std::string_view key) {
    if (key == "content") {
      return read_content(choice);
    }
    if (key == "refusal") {
      return read_text(reader_, choice.refusal);
    }
    if (key == "reasoning_content" || key == "reasoning" || key == "thinking") {
      if (!read_text(reader_, other)) {
        return false;
      }
      if (!other.empty()) {
        choice.reasoning = std::move(other);
      }
      return true;
    }
    return reader_.skip();
  });
  if (choice.reasoning.empty()) {
    choice.reasoning = std::move(thoughts_);
  }
  return read;
}

bool ReplyBody::read_content(ReplyChoice& choice) {
  std::string& text = choice.text;
  text.clear();
  std::string_view word;
  switch (reader_.peek()) {
    case ReplyKind::string:
      choice.has_content = true;
      return reader_.read_string(text);
    case ReplyKind::array:
      choice.has_content = true;
      return reader_.read_array([&](std::size_t) { return read_part(choice); });
    case ReplyKind::word:
      if (!reader_.read_word(word)) {
        return false;
      }
      if (word != "null") {
        choice.fault = "content is neither text nor parts";
      }
      return true;
    default:
      choice.fault = "content is neither text nor parts";
      return reader_.skip();
  }
}

/// Appends a part of type text to the answer and one of thinking to the reasoning, or notes a
/// refusal; leaves other types out.
bool ReplyBody::read_part(ReplyChoice& choice) {
  std::string type;
  std::string text;
  std::string part_refusal;
  if (reader_.peek() == ReplyKind::string) {
    if (!reader_.read_string(text)) {
      return false;
    }
    choice.text += text;
    return true;
  }
  if (reader_.peek() != ReplyKind::object) {
    return reader_.skip();
  }
  const bool read = reader_.read_object([&](std::string_view key) {
    if (key == "type") {
      return read_text(reader_, type);
    }
    if (key == "text") {
      return read_text(reader_, text);
    }
    if (key == "thinking" || key == "reasoning") {
      return read_thought();
    }
    return key == "refusal" ? read_text(reader_, part_refusal) : reader_.skip();
  });
  if (type.empty() || type == "text" || type == "output_text") {
    choice.text += text;
  } else if (type == "thinking" || type == "reasoning") {
    thoughts_ += text;
  } else if (type == "refusal") {
    choice.refusal += part_refusal;
  }
  return read;
}

/// Passes the thinking of a part: a text (Anthropic's), or a list of parts with texts (Mistral's).
bool ReplyBody::read_thought() {
  std::string text;
  if (reader_.peek() == ReplyKind::string) {
    const bool read = reader_.read_string(text);
    thoughts_ += text;
    return read;
  }
  if (reader_.peek() != ReplyKind::array) {
    return reader_.skip();
  }
  return reader_.read_array([&](std::size_t) {
    if (reader_.peek() != ReplyKind::object) {
      return reader_.skip();
    }
    return reader_.read_object([&](std::string_view key) {
      if (key != "text") {
        return reader_.skip();
      }
      const bool read = read_text(reader_, text);
      thoughts_ += text;
      return read;
    });
  });
}

bool ReplyBody::read_usage() {
  TokenUsage& usage = completion.usage;
  usage = {};
  has_usage = false;
  if (reader_.peek() != ReplyKind::object) {
    return reader_.skip();
  }
  return reader_.read_object([&](std::string_view key) {
    std::optional<std::uint64_t> count;
    if (key == "prompt_tokens_details") {
      return read_detail("cached_tokens", usage.cached);
    }
    if (key == "completion_tokens_details") {
      return read_detail("reasoning_tokens", usage.reasoning);
    }
    if (key == "prompt_cache_hit_tokens") {  // DeepSeek's
      return read_known(reader_, usage.cached);
    }
    if (key != "prompt_tokens" && key != "completion_tokens") {
      return reader_.skip();
    }
    const bool read = read_known(reader_, count);
    (key == "prompt_tokens" ? usage.prompt : usage.completion) = count.value_or(0);
    has_usage = has_usage || count.has_value();
    return read;
  });
}

/// Passes the details of a count and stores the one that is `wanted`.
bool ReplyBody::read_detail(std::string_view wanted, std::optional<std::uint64_t>& out) {
  if (reader_.peek() != ReplyKind::object) {
    return reader_.skip();
  }
  return reader_.read_object([&](std::string_view key) {
    return key == wanted ? read_known(reader_, out) : reader_.skip();
  });
}

bool ReplyBody::read_error() {
  std::string_view word;
  switch (reader_.peek()) {
    case ReplyKind::word:  // "error": null stands in good replies too
      if (!reader_.read_word(word)) {
        return false;
      }
      has_error = has_error || (word != "null" && word != "false");
      return true;
    case ReplyKind::string:
      has_error = true;
      return reader_.read_string(error_message);
    case ReplyKind::object:
      has_error = true;
      return reader_.read_object([this](std::string_view key) { return read_error_part(key); });
    default:
      return reader_.skip();
  }
}

bool ReplyBody::read_error_part(std::string_view key) {
  std::string_view word;
  if (key == "message") {
    return read_text(reader_, error_message);
  }
  if (key == "code" && reader_.peek() == ReplyKind::word) {
    if (!reader_.read_word(word)) {
      return false;
    }
    const std::uint64_t code = whole_number(word).value_or(0);
    error_status = code >= 400 && code < 600 ? static_cast<std::uint32_t>(code) : 0;
    return true;
  }
  if (key == "code" || (key == "type" && error_code.empty())) {
    return read_text(reader_, error_code);
  }
  return reader_.skip();
}

}  // namespace fd
