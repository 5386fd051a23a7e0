#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "coordinator/ingest/byte_source.hpp"
#include "protocol/base/utf16.hpp"

namespace fd {

/// The text of one input file as UTF-8, block by block: UTF-16 that begins with its byte order mark
/// is decoded, and one mark at the beginning is left out. Other bytes are given as they stand.
/// Memory: a few blocks. Thread: one at a time.
class InputText {
 public:
  /// Errors: those of ByteSource::open.
  static Result<InputText> open(const std::string& path);

  /// Returns the next text, empty at the end. Lifetime: until the next call.
  /// Errors: those of ByteSource::next; invalid_input (UTF-16 that ends in half a code unit).
  Result<std::string_view> next();
  /// As ByteSource::finish.
  Result<InputFile> finish() { return source_->finish(); }
  /// As ByteSource::name.
  [[nodiscard]] const std::string& name() const { return source_->name(); }

 private:
  explicit InputText(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  Result<std::string_view> first();
  Result<std::string_view> decoded(std::string_view bytes);

  std::unique_ptr<ByteSource> source_;
  bool begun_ = false;
  std::optional<Utf16Reader> utf16_;
  std::string text_;
};

}  // namespace fd
