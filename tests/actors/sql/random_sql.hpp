#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace fd::testing_support {

/// Makes SQLite queries from a seed, token by token. Most of them are valid; the caller asks
/// SQLite.
class RandomSql {
 public:
  /// A literal that goes over several lines.
  static constexpr const char* kLongLiteral = "'one.\n\nThis query ends'";

  explicit RandomSql(std::uint32_t seed) : random_(seed) {}

  /// The tables that the queries speak of.
  static const char* schema();

  /// Returns the tokens of a query.
  std::vector<std::string> query();

  /// Returns `tokens` in a random layout: blanks, newlines, blank lines, comments.
  std::string layout(const std::vector<std::string>& tokens);

  /// Returns a number below `end`.
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

 private:
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string pick(std::initializer_list<const char*> list) {
    return list.begin()[below(list.size())];
  }
  void put(std::initializer_list<std::string> tokens) {
    for (const std::string& token : tokens) {
      out_.push_back(token);
    }
  }
  std::string name(const char* plain);
  void alias();
  void select(int depth);
  void core(int depth);
  void source(int depth);
  void expression(int depth);
  void operand(int depth);

  std::mt19937 random_;
  std::vector<std::string> out_;
};

}  // namespace fd::testing_support
