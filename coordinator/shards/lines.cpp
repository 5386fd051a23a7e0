#include "coordinator/shards/lines.hpp"

namespace fd {

bool LineReader::next_line(std::string_view& line) {
  if (next_ >= text_.size()) {
    at_end_ = true;
    return false;
  }
  offset_ = next_;
  const std::size_t end = text_.find('\n', next_);
  line = text_.substr(offset_, end == std::string_view::npos ? end : end - offset_);
  next_ = end == std::string_view::npos ? text_.size() : end + 1;
  ++number_;
  return true;
}

Error LineReader::error(const std::string& what) const {
  const std::string where =
      at_end_ ? "its end"
              : "line " + std::to_string(number_) + " (byte " + std::to_string(offset_) + ")";
  return Error{Errc::corrupt, path_ + ": " + where + ": " + what};
}

}  // namespace fd
