#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fd::json {

/// The place in a text that is parsed, what went wrong there, and the reading of strings. Its
/// functions return false after an error. Lifetime: the text's.
class TextScanner {
 protected:
  explicit TextScanner(std::string_view text) : text_(text) {}

  bool fail(const std::string& what) { return fail_at(what, at_); }
  bool fail_at(const std::string& what, std::size_t at);
  bool fail_expected(const char* what);
  /// Goes on behind a value that can be read and not be kept, when tolerant_; what is wrong with it
  /// is noted. Else fails.
  bool tolerate(const std::string& what, std::size_t at);

  void skip_blanks();
  bool take(char byte);
  /// Reads a string. Requires: a quote stands here.
  bool parse_string(std::string& out);

  /// Returns the beginning of `text` as a JSON string, for messages.
  static std::string quoted(std::string_view text);

  std::string_view text_;
  std::size_t at_ = 0;
  bool tolerant_ = false;
  std::string fault_;    ///< what was tolerated first since it was cleared
  std::string message_;  ///< of the error

 private:
  bool append_checked(std::size_t end, std::string& out);
  bool parse_escape(std::string& out);
  bool parse_code_point(std::size_t escape_at, std::string& out);
  bool parse_hex4(std::uint32_t& out);
};

}  // namespace fd::json
