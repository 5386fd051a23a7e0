#include "coordinator/ingest/input_reader.hpp"

namespace fd {
namespace {

/// A line as it is kept may have a carriage return behind.
constexpr std::size_t kMaxKeptBytes = kMaxLineBytes + 1;

}  // namespace

Result<InputReader> InputReader::open(const std::string& path) {
  FD_TRY(InputText text, InputText::open(path));
  return InputReader(std::move(text));
}

Result<InputFile> InputReader::finish() {
  FD_TRY(InputFile file, text_.finish());
  file.array = array();
  return file;
}

Result<void> InputReader::begin() {
  begun_ = true;
  FD_TRY(block_, text_.next());
  if (ArraySplitter::begins(block_)) {
    array_.emplace();
  }
  return {};
}

void InputReader::keep(std::string_view part) {
  if (overflow_ || carry_.size() + part.size() > kMaxKeptBytes) {
    overflow_ = true;
    return;
  }
  carry_ += part;
}

/// Gives the next line as it stands in the file, blank or not; false at the end. One that is longer
/// than we keep is given cut, with overflow_ set.
Result<bool> InputReader::next_in_file(std::string_view& text) {
  carry_.clear();
  overflow_ = false;
  bool begun = false;
  for (;;) {
    if (block_.empty()) {
      FD_TRY(block_, text_.next());
      if (block_.empty()) {
        text = carry_;
        return begun;
      }
    }
    begun = true;
    const std::size_t end = block_.find('\n');
    const std::string_view part = block_.substr(0, end);
    block_.remove_prefix(end == std::string_view::npos ? block_.size() : end + 1);
    const bool whole = carry_.empty() && !overflow_;
    if (end != std::string_view::npos && whole) {
      text = part;
      return true;
    }
    keep(part);
    if (end != std::string_view::npos) {
      text = carry_;
      return true;
    }
  }
}

Result<InputReader::Line> InputReader::next_item() {
  for (;;) {
    auto item = array_->take(block_);
    if (!item.ok()) {
      return item.error().within(text_.name());
    }
    if (*item) {
      return Line{array_->number(), array_->item(), array_->too_long()};
    }
    FD_TRY(block_, text_.next());
    if (!block_.empty()) {
      continue;
    }
    if (!array_->ended()) {
      return Error{Errc::invalid_input, text_.name() + ": the JSON array does not end: the file " +
                                            "was cut off in or behind row " +
                                            std::to_string(array_->number())};
    }
    return Line{};
  }
}

Result<InputReader::Line> InputReader::next() {
  if (!begun_) {
    FD_TRY_VOID(begin());
  }
  if (array_) {
    return next_item();
  }
  std::string_view text;
  for (;;) {
    FD_TRY(const bool more, next_in_file(text));
    if (!more) {
      return Line{};
    }
    ++number_;
    if (text.ends_with('\r')) {
      text.remove_suffix(1);
    }
    const bool too_long = overflow_ || text.size() > kMaxLineBytes;
    if (too_long) {
      return Line{number_, std::string_view(), true};
    }
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
      return Line{number_, text, false};
    }
  }
}

}  // namespace fd
