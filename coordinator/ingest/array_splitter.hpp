#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

/// The longest accepted row of an input, in bytes: it must fit into one message with room to spare.
inline constexpr std::size_t kMaxLineBytes = 8u << 20;

/// Cuts the text of one JSON array of objects, as Spider's and BIRD's dev.json, into its items,
/// block by block. It looks at brackets, strings and commas only: whether an item is JSON is for
/// who reads it to say. Pure. Memory: one item.
class ArraySplitter {
 public:
  /// Returns whether `text`, the beginning of a file, begins such an array.
  static bool begins(std::string_view text);

  /// Takes text from the front of `block` until an item is complete; then returns true. Returns
  /// false when it took all. Errors: invalid_input, naming the row.
  Result<bool> take(std::string_view& block);

  /// Returns the item that is complete, empty when it is longer than kMaxLineBytes. Lifetime: until
  /// the next take().
  [[nodiscard]] std::string_view item() const { return item_; }
  [[nodiscard]] bool too_long() const { return too_long_; }
  /// Returns the number of the last item that began, from 1 on.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// Returns whether the array has ended.
  [[nodiscard]] bool ended() const { return state_ == State::ended; }

 private:
  enum class State { start, before_item, inside, behind_item, ended };
  Result<void> between(char c);
  bool ends_item(char c);
  void begin_item();
  void keep(std::string_view text);

  State state_ = State::start;
  std::uint64_t number_ = 0;
  std::string item_;
  bool too_long_ = false;
  std::uint64_t depth_ = 0;  ///< brackets that are open in the item
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace fd
