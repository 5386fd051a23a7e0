#include "actors/gateway/openai/openai_codec.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "actors/gateway/openai/error_text.hpp"
#include "actors/gateway/openai/reply_reader.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

template <class Whole>
void append_whole(Whole number, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

void append_messages(const std::vector<ChatMessage>& messages, std::string& out) {
  out += '[';
  for (const ChatMessage& message : messages) {
    if (&message != messages.data()) {
      out += ',';
    }
    out += "{\"content\":";
    json::append_string(message.content, out);
    out += ",\"role\":";
    json::append_string(message.role, out);
    out += '}';
  }
  out += ']';
}

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

bool read_count(ReplyReader& reader, std::uint64_t& out) {
  out = 0;
  std::string_view word;
  if (reader.peek() != ReplyKind::word) {
    return reader.skip();
  }
  if (!reader.read_word(word)) {
    return false;
  }
  out = whole_number(word).value_or(0);
  return true;
}

/// The parts of a chat completion that are looked at, as they stand in the reply.
class ReplyBody {
 public:
  explicit ReplyBody(std::string_view body) : reader_(body) {}

  /// Returns whether the body is one whole JSON object.
  bool read() {
    if (reader_.peek() != ReplyKind::object) {
      return false;
    }
    return reader_.read_object([this](std::string_view key) { return read_member(key); }) &&
           reader_.at_end();
  }

  Completion completion;
  std::string refusal;
  bool has_content = false;        ///< a text, empty or not
  std::string choice_fault;        ///< what is wrong with the choices; empty: nothing
  bool has_error = false;          ///< an error object or text
  std::string error_message;       ///< of the error object, or a bare "message" or "detail"
  std::string error_code;          ///< its code, or else its type
  std::uint32_t error_status = 0;  ///< its code as an HTTP status; 0 when it is none

 private:
  bool read_member(std::string_view key) {
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

  bool read_choices() {
    choice_fault = "no choices";
    if (reader_.peek() != ReplyKind::array) {
      return reader_.skip();
    }
    return reader_.read_array(
        [this](std::size_t index) { return index == 0 ? read_choice() : reader_.skip(); });
  }

  bool read_choice() {
    choice_fault = "no message in choices[0]";
    if (reader_.peek() != ReplyKind::object) {
      return reader_.skip();
    }
    return reader_.read_object([this](std::string_view key) {
      if (key == "message") {
        return read_message();
      }
      if (key == "finish_reason") {
        return read_text(reader_, completion.finish_reason);
      }
      return key == "error" ? read_error() : reader_.skip();
    });
  }

  bool read_message() {
    if (reader_.peek() != ReplyKind::object) {
      return reader_.skip();
    }
    choice_fault.clear();
    std::string other;
    return reader_.read_object([&](std::string_view key) {
      if (key == "content") {
        return read_content();
      }
      if (key == "refusal") {
        return read_text(reader_, refusal);
      }
      if (key == "reasoning_content" || key == "reasoning") {
        if (!read_text(reader_, other)) {
          return false;
        }
        if (!other.empty()) {
          completion.reasoning = std::move(other);
        }
        return true;
      }
      return reader_.skip();
    });
  }

  bool read_content() {
    std::string& text = completion.text;
    text.clear();
    std::string_view word;
    switch (reader_.peek()) {
      case ReplyKind::string:
        has_content = true;
        return reader_.read_string(text);
      case ReplyKind::array:
        has_content = true;
        return reader_.read_array([this](std::size_t) { return read_part(); });
      case ReplyKind::word:
        if (!reader_.read_word(word)) {
          return false;
        }
        if (word != "null") {
          choice_fault = "content is neither text nor parts";
        }
        return true;
      default:
        choice_fault = "content is neither text nor parts";
        return reader_.skip();
    }
  }

  /// Appends a part of type text to the answer, or notes a refusal; leaves other types out.
  bool read_part() {
    std::string type;
    std::string text;
    std::string part_refusal;
    if (reader_.peek() == ReplyKind::string) {
      if (!reader_.read_string(text)) {
        return false;
      }
      completion.text += text;
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
      return key == "refusal" ? read_text(reader_, part_refusal) : reader_.skip();
    });
    if (type.empty() || type == "text" || type == "output_text") {
      completion.text += text;
    } else if (type == "refusal") {
      refusal += part_refusal;
    }
    return read;
  }

  bool read_usage() {
    completion.usage = {};
    if (reader_.peek() != ReplyKind::object) {
      return reader_.skip();
    }
    return reader_.read_object([this](std::string_view key) {
      if (key == "prompt_tokens") {
        return read_count(reader_, completion.usage.prompt);
      }
      return key == "completion_tokens" ? read_count(reader_, completion.usage.completion)
                                        : reader_.skip();
    });
  }

  bool read_error() {
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

  bool read_error_part(std::string_view key) {
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

  ReplyReader reader_;
};

bool is_blank(std::string_view body) {
  return body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Returns what to say of an error reply: the provider's own words, or else the body's beginning.
std::string explanation(const ReplyBody& reply, std::string_view body) {
  if (!reply.error_message.empty()) {
    return shown(reply.error_message);
  }
  return is_blank(body) ? "empty body" : shown(body);
}

BadReply bad_reply(std::uint32_t status, std::string message, const ReplyBody& reply) {
  return BadReply{status, reply.error_code == "insufficient_quota",
                  "HTTP " + std::to_string(status) + ": " + std::move(message),
                  reply.completion.usage};
}

Reply decode_success(std::uint32_t status, std::string_view body, bool whole, ReplyBody& reply) {
  Completion& completion = reply.completion;
  if (!whole) {
    return bad_reply(
        status, is_blank(body) ? "empty body" : "not one whole JSON object: " + shown(body), reply);
  }
  const bool has_choice = reply.choice_fault.empty() && !completion.finish_reason.empty();
  if (reply.has_error && (!has_choice || completion.finish_reason == "error")) {
    return bad_reply(reply.error_status != 0 ? reply.error_status : status,
                     "error in the reply: " + explanation(reply, body), reply);
  }
  if (!reply.choice_fault.empty()) {
    return bad_reply(status, reply.choice_fault + ": " + shown(body), reply);
  }
  if (!reply.has_content && reply.refusal.empty() && completion.reasoning.empty() &&
      completion.finish_reason.empty()) {
    return bad_reply(status, "no content in choices[0].message: " + shown(body), reply);
  }
  if (completion.text.empty() && !reply.refusal.empty()) {
    completion.finish_reason = "refusal";
  }
  return std::move(completion);
}

}  // namespace

void append_request(const ChatCall& call, std::string& out) {
  std::size_t text_bytes = 256;
  for (const ChatMessage& message : call.messages) {
    text_bytes += message.content.size() + message.content.size() / 16 + 40;
  }
  out.reserve(out.size() + text_bytes);
  out += "{\"max_tokens\":";
  append_whole(call.decode.max_tokens, out);
  out += ",\"messages\":";
  append_messages(call.messages, out);
  out += ",\"model\":";
  json::append_string(call.model, out);
  out += ",\"n\":1";
  if (call.decode.seed) {
    out += ",\"seed\":";
    append_whole(*call.decode.seed, out);
  }
  if (!call.decode.stop.empty()) {
    out += ",\"stop\":[";
    for (const std::string& stop : call.decode.stop) {
      if (&stop != call.decode.stop.data()) {
        out += ',';
      }
      json::append_string(stop, out);
    }
    out += ']';
  }
  out += ",\"temperature\":";
  json::append_number(call.decode.temperature, out);
  out += ",\"top_p\":";
  json::append_number(call.decode.top_p, out);
  out += '}';
}

Reply decode_reply(std::uint32_t status, std::string_view body) {
  ReplyBody reply(body);
  reply.choice_fault = "no choices";
  const bool whole = reply.read();
  if (status >= 200 && status < 300) {
    return decode_success(status, body, whole, reply);
  }
  return bad_reply(status, explanation(reply, body), reply);
}

}  // namespace fd
