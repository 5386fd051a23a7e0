#pragma once

#include <random>
#include <string>

#include "protocol/json/json.hpp"

namespace fd::json {

/// Random documents, and random ways to write one and the same document.
class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : random_(seed) {}

  /// Returns a value nested at most `depth` deep. Whole numbers are ones that parse() takes.
  Value value(int depth);
  /// Returns an object of up to `members` members.
  Value object(int depth, std::size_t members);
  /// Returns `value` with random blanks, order of members, escapes and forms of numbers.
  std::string text(const Value& value);
  /// Returns a double of random bits; finite.
  double number();
  /// Returns a random string of valid UTF-8, often of characters that order or escape specially.
  std::string string();
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  void write(const Value& value, std::string& out);
  void write_string(std::string_view text, std::string& out);
  void blanks(std::string& out);

  std::mt19937_64 random_;
};

}  // namespace fd::json
