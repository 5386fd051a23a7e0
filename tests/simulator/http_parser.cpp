#include "tests/simulator/http_parser.hpp"

#include <algorithm>

#include "protocol/base/text.hpp"

namespace fd::simulator {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool is_token_char(char letter) {
  return is_ascii_alphanumeric(letter) ||
         std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char letter) {
    return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7F;
  });
}

constexpr std::string_view kBlanks = " \t";

bool list_contains(std::string_view list, std::string_view lower_case) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (equals_ignoring_case(trimmed(list.substr(0, comma), kBlanks), lower_case)) {
      return true;
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Reads a decimal number without sign; false for anything else, and when it is over 18 digits.
bool read_decimal(std::string_view text, std::uint64_t& number) {
  if (text.empty() || text.size() > 18) {
    return false;
  }
  number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') {
      return false;
    }
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return true;
}

/// Reads 1 to 15 hexadecimal digits.
bool read_hexadecimal(std::string_view text, std::uint64_t& number) {
  if (text.empty() || text.size() > 15) {
    return false;
  }
  number = 0;
  for (const char raw : text) {
    const char digit = ascii_lower(raw);
    if (digit >= '0' && digit <= '9') {
      number = number * 16 + static_cast<std::uint64_t>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      number = number * 16 + static_cast<std::uint64_t>(digit - 'a') + 10;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

void HttpParser::reset() {
  std::string buffer = std::move(decoded_);
  *this = HttpParser();
  if (buffer.capacity() <= kMaxHeaderBytes) {
    buffer.clear();
    decoded_ = std::move(buffer);
  }
}

HttpParser::Status HttpParser::parse(std::string_view buffer) {
  if (error_status_ != 0) {
    return Status::failed;
  }
  Step step = Step::advance;
  while (step == Step::advance) {
    switch (state_) {
      case State::head:
        step = read_head(buffer);
        break;
      case State::fixed_body:
        step = read_fixed_body(buffer);
        break;
      case State::chunk_size:
        step = read_chunk_size(buffer);
        break;
      case State::chunk_data:
        step = read_chunk_data(buffer);
        break;
      case State::chunk_end:
        step = read_chunk_end(buffer);
        break;
      case State::trailers:
        step = read_trailers(buffer);
        break;
    }
    if (step == Step::advance && chunked_ && position_ - body_start_ > kMaxChunkedBytes) {
      step = fail(413);
    }
  }
  if (step == Step::complete) {
    resolve(buffer);
    return Status::complete;
  }
  return step == Step::failed ? Status::failed : Status::need_more;
}

HttpParser::Step HttpParser::fail(int status) {
  error_status_ = status;
  return Step::failed;
}

void HttpParser::resolve(std::string_view buffer) {
  request_.method = buffer.substr(start_, method_size_);
  request_.target = buffer.substr(start_ + method_size_ + 1, target_size_);
  request_.body =
      chunked_ ? std::string_view(decoded_) : buffer.substr(body_start_, position_ - body_start_);
}

HttpParser::Step HttpParser::read_head(std::string_view buffer) {
  // RFC 9112 2.2: a server ignores empty lines before a request line.
  while (scanned_ == start_ && buffer.substr(start_, 2) == kLineEnd) {
    start_ += 2;
    scanned_ = start_;
    if (start_ > kMaxHeaderBytes) {
      return fail(431);
    }
  }
  const std::size_t from = scanned_ > start_ + 3 ? scanned_ - 3 : start_;
  const std::size_t end = buffer.find(kHeadEnd, from);
  if (end == std::string_view::npos) {
    scanned_ = std::max(buffer.size(), start_);
    if (buffer.size() <= start_ + 1) {
      scanned_ = start_;  // a lone CR may still become an empty line
    }
    return scanned_ > kMaxHeaderBytes ? fail(431) : Step::need_more;
  }
  position_ = end + kHeadEnd.size();
  if (position_ > kMaxHeaderBytes) {
    return fail(431);
  }
  std::string_view lines = buffer.substr(start_, end + kLineEnd.size() - start_);
  bool first = true;
  while (!lines.empty()) {
    const std::size_t size = lines.find(kLineEnd);
    const std::string_view line = lines.substr(0, size);
    const Step step = first ? read_request_line(line) : read_header(line);
    if (step == Step::failed) {
      return step;
    }
    first = false;
    lines.remove_prefix(size + kLineEnd.size());
  }
  return begin_body();
}

HttpParser::Step HttpParser::read_request_line(std::string_view line) {
  const std::size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos || !is_token(line.substr(0, method_end))) {
    return fail(400);
  }
  const std::size_t target_end = line.find(' ', method_end + 1);
  if (target_end == std::string_view::npos || target_end == method_end + 1 || has_control(line)) {
    return fail(400);
  }
  const std::string_view version = line.substr(target_end + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return fail(version.substr(0, 5) == "HTTP/" && version.size() == 8 ? 505 : 400);
  }
  method_size_ = method_end;
  target_size_ = target_end - method_end - 1;
  request_.http_1_0 = version == "HTTP/1.0";
  request_.keep_alive = !request_.http_1_0;
  return Step::advance;
}

HttpParser::Step HttpParser::read_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line)) {
    return fail(400);
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1), kBlanks);
  if (equals_ignoring_case(name, "content-length")) {
    std::uint64_t length = 0;
    if (!read_decimal(value, length) || (has_length_ && length != content_length_)) {
      return fail(400);
    }
    has_length_ = true;
    content_length_ = length;
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (chunked_) {
      return fail(400);
    }
    if (!equals_ignoring_case(value, "chunked")) {
      return fail(501);
    }
    chunked_ = true;
  } else if (equals_ignoring_case(name, "connection")) {
    if (list_contains(value, "close")) {
      request_.keep_alive = false;
    } else if (list_contains(value, "keep-alive")) {
      request_.keep_alive = true;
    }
  } else if (equals_ignoring_case(name, "expect")) {
    if (!equals_ignoring_case(value, "100-continue")) {
      return fail(417);
    }
    expects_continue_ = true;
  }
  return Step::advance;
}

HttpParser::Step HttpParser::begin_body() {
  if (chunked_ && (has_length_ || request_.http_1_0)) {
    return fail(400);
  }
  if (content_length_ > kMaxBodyBytes) {
    return fail(413);
  }
  body_start_ = position_;
  state_ = chunked_ ? State::chunk_size : State::fixed_body;
  return Step::advance;
}

HttpParser::Step HttpParser::read_fixed_body(std::string_view buffer) {
  const std::size_t end = body_start_ + static_cast<std::size_t>(content_length_);
  if (buffer.size() < end) {
    return Step::need_more;
  }
  position_ = end;
  return Step::complete;
}

HttpParser::Step HttpParser::read_chunk_size(std::string_view buffer) {
  const std::size_t end = buffer.find(kLineEnd, position_);
  const std::size_t line_bytes = std::min(end, buffer.size()) - position_;
  if (line_bytes > kMaxChunkLineBytes) {
    return fail(400);
  }
  if (end == std::string_view::npos) {
    return Step::need_more;
  }
  const std::string_view line = buffer.substr(position_, line_bytes);
  if (!read_hexadecimal(trimmed(line.substr(0, line.find(';')), kBlanks), chunk_left_) ||
      has_control(line)) {
    return fail(400);
  }
  if (chunk_left_ > kMaxBodyBytes - decoded_.size()) {
    return fail(413);
  }
  position_ = end + kLineEnd.size();
  trailers_start_ = position_;
  state_ = chunk_left_ == 0 ? State::trailers : State::chunk_data;
  return Step::advance;
}

HttpParser::Step HttpParser::read_chunk_data(std::string_view buffer) {
  const std::size_t available = buffer.size() - position_;
  const std::size_t take = std::min(available, static_cast<std::size_t>(chunk_left_));
  decoded_.append(buffer.substr(position_, take));
  position_ += take;
  chunk_left_ -= take;
  if (chunk_left_ > 0) {
    return Step::need_more;
  }
  state_ = State::chunk_end;
  return Step::advance;
}

HttpParser::Step HttpParser::read_chunk_end(std::string_view buffer) {
  const std::string_view end = buffer.substr(position_, kLineEnd.size());
  if (end != kLineEnd.substr(0, end.size())) {
    return fail(400);
  }
  if (end.size() < kLineEnd.size()) {
    return Step::need_more;
  }
  position_ += kLineEnd.size();
  state_ = State::chunk_size;
  return Step::advance;
}

HttpParser::Step HttpParser::read_trailers(std::string_view buffer) {
  const std::size_t end = buffer.find(kLineEnd, position_);
  if (std::min(end, buffer.size()) - trailers_start_ > kMaxHeaderBytes) {
    return fail(431);
  }
  if (end == std::string_view::npos) {
    return Step::need_more;
  }
  const std::string_view line = buffer.substr(position_, end - position_);
  position_ = end + kLineEnd.size();
  if (line.empty()) {
    return Step::complete;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line)) {
    return fail(400);
  }
  return Step::advance;
}

}  // namespace fd::simulator
