#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fd {

/// What the next value of a reply is.
enum class ReplyKind { object, array, string, word, bad };

/// Walks once over a provider's JSON, forgiving what does not make the answer ambiguous: the reply
/// was paid for, and a strict parser would throw it away. Forgiven are invalid UTF-8, lone
/// surrogates and escapes that do not exist (U+FFFD stands for them), raw control characters in
/// strings, NaN and Infinity, numbers of any size, duplicate keys, and a byte order mark. Structure
/// is not: a text that ends early is never taken for a whole one.
///
/// Every function returns false from the first error on.
class ReplyReader {
 public:
  /// The deepest nesting that is followed.
  static constexpr int kMaxDepth = 64;

  /// Lifetime: `text` outlives the reader.
  explicit ReplyReader(std::string_view text);

  /// Returns what comes next, without passing it.
  ReplyKind peek();
  /// Passes a string and stores it as valid UTF-8.
  bool read_string(std::string& out);
  /// Passes a number or a word and stores its text: "12", "true", "null".
  bool read_word(std::string_view& out);
  /// Passes any value.
  bool skip();
  /// Returns whether only blanks are left.
  bool at_end();

  /// Passes an object; calls `on_member(key)` at every value, which must pass it and return whether
  /// that worked.
  template <class OnMember>
  bool read_object(OnMember&& on_member) {
    if (!open('{')) {
      return false;
    }
    std::string key;
    for (bool first = true; next(first, '}'); first = false) {
      if (!read_string(key) || !pass(':') || !on_member(std::string_view(key))) {
        return fail();
      }
    }
    return close();
  }

  /// Passes an array; calls `on_element(index)` at every value, as read_object() does.
  template <class OnElement>
  bool read_array(OnElement&& on_element) {
    if (!open('[')) {
      return false;
    }
    std::size_t index = 0;
    for (bool first = true; next(first, ']'); first = false) {
      if (!on_element(index++)) {
        return fail();
      }
    }
    return close();
  }

 private:
  bool fail() {
    failed_ = true;
    return false;
  }
  void skip_blanks();
  bool pass(char byte);
  bool open(char bracket);
  bool next(bool first, char bracket);
  bool close();
  bool skip_string();
  void append_escape(std::string& out);
  bool read_hex(std::size_t at, std::uint32_t& unit) const;

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace fd
