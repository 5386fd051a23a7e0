#include "coordinator/ingest/array_splitter.hpp"

#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::string_view kJsonBlanks = " \t\r\n";

bool is_blank(char c) {
  return kJsonBlanks.find(c) != std::string_view::npos;
}

}  // namespace

bool ArraySplitter::begins(std::string_view text) {
  text = trimmed(text, kJsonBlanks);
  return text.starts_with('[') && trimmed(text.substr(1), kJsonBlanks).starts_with('{');
}

Result<bool> ArraySplitter::take(std::string_view& block) {
  std::size_t from = 0;
  for (std::size_t at = 0; at < block.size(); ++at) {
    const char c = block[at];
    if (state_ != State::inside) {
      const bool begins_item = state_ == State::before_item && !is_blank(c);
      FD_TRY_VOID(between(c));
      if (!begins_item) {
        continue;
      }
      from = at;
    }
    if (ends_item(c)) {
      keep(block.substr(from, at - from));
      block.remove_prefix(at);
      state_ = State::behind_item;
      return true;
    }
  }
  if (state_ == State::inside) {
    keep(block.substr(from));
  }
  block = {};
  return false;
}

/// Takes a character outside of the items.
Result<void> ArraySplitter::between(char c) {
  if (is_blank(c)) {
    return {};
  }
  switch (state_) {
    case State::start:
      FD_CHECK(c == '[');
      state_ = State::before_item;
      return {};
    case State::before_item:
      if (c == ',' || c == ']') {
        return Error{Errc::invalid_input,
                     "the JSON array has no value behind the comma that "
                     "follows row " +
                         std::to_string(number_)};
      }
      begin_item();
      return {};
    case State::behind_item:
      if (c == ',' || c == ']') {
        state_ = c == ',' ? State::before_item : State::ended;
        return {};
      }
      return Error{Errc::invalid_input, "the JSON array has no comma between row " +
                                            std::to_string(number_) + " and what follows it"};
    case State::inside:
    case State::ended:
      break;
  }
  return Error{Errc::invalid_input, "has text behind the end of its JSON array, which has " +
                                        std::to_string(number_) + " rows"};
}

void ArraySplitter::begin_item() {
  state_ = State::inside;
  ++number_;
  item_.clear();
  too_long_ = false;
  depth_ = 0;
  in_string_ = false;
}

/// Takes a character of an item; returns whether the item ended before it.
bool ArraySplitter::ends_item(char c) {
  if (in_string_) {
    in_string_ = escaped_ || c != '"';
    escaped_ = !escaped_ && c == '\\';
    return false;
  }
  switch (c) {
    case '"':
      in_string_ = true;
      return false;
    case '{':
    case '[':
      ++depth_;
      return false;
    case '}':
    case ']':
      if (depth_ == 0) {
        return true;
      }
      --depth_;
      return false;
    default:
      return depth_ == 0 && c == ',';
  }
}

void ArraySplitter::keep(std::string_view text) {
  too_long_ = too_long_ || item_.size() + text.size() > kMaxLineBytes;
  if (too_long_) {
    item_.clear();
  } else {
    item_ += text;
  }
}

}  // namespace fd
