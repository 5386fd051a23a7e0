#include "tests/simulator/replies.hpp"

#include <array>
#include <charconv>

#include "protocol/json/json.hpp"

namespace fd::simulator {
namespace {

constexpr std::uint64_t kBytesPerToken = 4;

template <class Number>
void append_decimal(Number number, std::string& out) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_hexadecimal(std::uint64_t number, std::string& out) {
  for (int shift = 60; shift >= 0; shift -= 4) {
    out.push_back("0123456789abcdef"[(number >> shift) & 0xFu]);
  }
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

std::string_view error_type(int status) {
  if (status == 429) {
    return "rate_limit_error";
  }
  return status >= 500 ? "server_error" : "invalid_request_error";
}

}  // namespace

std::uint64_t estimate_tokens(std::uint64_t bytes) {
  return bytes < kBytesPerToken ? 1 : bytes / kBytesPerToken;
}

void cut_to_tokens(std::uint64_t max_tokens, Choice& choice) {
  if (estimate_tokens(choice.text.size()) <= max_tokens) {
    return;
  }
  std::size_t size = static_cast<std::size_t>(max_tokens * kBytesPerToken);
  while (size > 0 && (static_cast<unsigned char>(choice.text[size]) & 0xC0u) == 0x80u) {
    --size;
  }
  choice.text.resize(size);
  choice.cut = true;
}

void append_completion(const Completion& completion, std::string& out) {
  out.append(R"({"id":"chatcmpl-)");
  append_hexadecimal(completion.id, out);
  out.append(R"(","object":"chat.completion","created":0,"model":)");
  json::append_string(completion.model, out);
  out.append(R"(,"choices":[)");
  for (std::size_t index = 0; index < completion.choice_count; ++index) {
    const Choice& choice = completion.choices[index];
    out.append(index == 0 ? R"({"index":)" : R"(,{"index":)");
    append_decimal(index, out);
    out.append(R"(,"message":{"role":"assistant","content":)");
    json::append_string(choice.text, out);
    out.append(choice.cut ? R"(},"finish_reason":"length"})" : R"(},"finish_reason":"stop"})");
  }
  out.append(R"(],"usage":{"prompt_tokens":)");
  append_decimal(completion.prompt_tokens, out);
  out.append(R"(,"completion_tokens":)");
  append_decimal(completion.completion_tokens, out);
  out.append(R"(,"total_tokens":)");
  append_decimal(completion.prompt_tokens + completion.completion_tokens, out);
  out.append("}}");
}

void append_models(const std::vector<std::string>& models, std::string& out) {
  out.append(R"({"object":"list","data":[)");
  for (std::size_t index = 0; index < models.size(); ++index) {
    out.append(index == 0 ? R"({"id":)" : R"(,{"id":)");
    json::append_string(models[index], out);
    out.append(R"(,"object":"model","created":0,"owned_by":"fd-simulator"})");
  }
  out.append("]}");
}

void append_error(int status, std::string_view message, std::string& out) {
  out.append(R"({"error":{"message":)");
  json::append_string(message, out);
  out.append(R"(,"type":")").append(error_type(status)).append(R"(","code":)");
  append_decimal(status, out);
  out.append("}}");
}

void append_response(const ReplyHead& head, std::string_view body, std::string& out) {
  out.append("HTTP/1.1 ");
  append_decimal(head.status, out);
  out.append(" ").append(reason_phrase(head.status));
  out.append("\r\nContent-Type: application/json\r\nContent-Length: ");
  append_decimal(body.size(), out);
  if (head.retry_after_s >= 0) {
    out.append("\r\nRetry-After: ");
    append_decimal(head.retry_after_s, out);
  }
  if (!head.keep_alive) {
    out.append("\r\nConnection: close");
  } else if (head.http_1_0) {
    out.append("\r\nConnection: keep-alive");
  }
  out.append("\r\n\r\n").append(body);
}

}  // namespace fd::simulator
