#include "coordinator/ingest/input_reader.hpp"

namespace fd {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
/// A line as it is kept may have a mark in front and a carriage return behind.
constexpr std::size_t kMaxKeptBytes = kMaxLineBytes + kByteOrderMark.size() + 1;

}  // namespace

Result<InputReader> InputReader::open(const std::string& path) {
  FD_TRY(auto source, ByteSource::open(path));
  return InputReader(std::move(source));
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
      FD_TRY(block_, source_->next());
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

Result<InputReader::Line> InputReader::next() {
  std::string_view text;
  for (;;) {
    FD_TRY(const bool more, next_in_file(text));
    if (!more) {
      return Line{};
    }
    ++number_;
    if (number_ == 1 && text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    }
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
