#include "coordinator/ingest/input_text.hpp"

namespace fd {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

Result<InputText> InputText::open(const std::string& path) {
  FD_TRY(auto source, ByteSource::open(path));
  return InputText(std::move(source));
}

Result<std::string_view> InputText::next() {
  if (!begun_) {
    begun_ = true;
    return first();
  }
  FD_TRY(const std::string_view bytes, source_->next());
  return utf16_ ? decoded(bytes) : Result<std::string_view>(bytes);
}

/// Gives the first block without its mark.
Result<std::string_view> InputText::first() {
  FD_TRY(std::string_view bytes, source_->next());
  if (bytes.size() < kByteOrderMark.size()) {  // a decoder may begin with a byte or two
    text_ = bytes;
    while (!bytes.empty() && text_.size() < kByteOrderMark.size()) {
      FD_TRY(bytes, source_->next());
      text_ += bytes;
    }
    bytes = text_;
  }
  if (const std::optional<Utf16Order> order = utf16_order(bytes)) {
    utf16_.emplace(*order);
    const std::string behind_mark(bytes.substr(2));
    return decoded(behind_mark);
  }
  if (bytes.starts_with(kByteOrderMark)) {
    bytes.remove_prefix(kByteOrderMark.size());
    return bytes.empty() ? next() : Result<std::string_view>(bytes);
  }
  return bytes;
}

/// Decodes `bytes`, and what follows when they give no whole character.
Result<std::string_view> InputText::decoded(std::string_view bytes) {
  text_.clear();
  utf16_->append(bytes, text_);
  while (text_.empty()) {
    FD_TRY(bytes, source_->next());
    if (bytes.empty()) {
      if (!utf16_->finish(text_)) {
        return Error{Errc::invalid_input, name() + ": is UTF-16 and ends in half a code unit"};
      }
      break;
    }
    utf16_->append(bytes, text_);
  }
  return std::string_view(text_);
}

}  // namespace fd
