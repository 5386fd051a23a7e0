#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/config/yaml_reader.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// How many problems one message lists.
inline constexpr std::size_t kMaxProblemsShown = 20;
/// How many are kept apart from each other: bounds the work on a file of nothing but errors.
inline constexpr std::size_t kMaxProblemsKept = 500;

/// Collects everything that is wrong with a configuration, and writes it for people.
class ConfigProblems {
 public:
  /// Names a text that places refer to; returns its index. With `text`, problems in it show their
  /// line and a caret.
  std::size_t add_source(std::string name, std::string text = {});

  /// Notes that `what` is wrong with `key` (may be empty). The same problem twice counts once.
  void add(const YamlPlace& place, std::string_view key, std::string_view what,
           Errc code = Errc::invalid_input);
  /// As add(), and the line is shown neither for this nor for any other problem: it may hold a
  /// secret.
  void add_secret(const YamlPlace& place, std::string_view key, std::string_view what);

  /// Returns whether problems are only counted from here on: their words are not needed.
  [[nodiscard]] bool full() const { return problems_.size() == kMaxProblemsKept; }
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  /// Returns whether nothing is wrong but what another version may have: each problem was added as
  /// unsupported.
  [[nodiscard]] bool only_unsupported() const { return only_unsupported_; }
  /// Returns all of it in one message, in the order of the texts.
  /// Errors: invalid_input. Requires: not empty().
  [[nodiscard]] Error error() const;

 private:
  struct Source {
    std::string name;
    std::string text;
  };
  struct Problem {
    YamlPlace place;
    std::string line;  ///< without the excerpt
  };

  [[nodiscard]] std::string excerpt(const YamlPlace& place) const;

  std::vector<Source> sources_;
  std::vector<Problem> problems_;
  std::size_t count_ = 0;  ///< of all, also those not kept
  bool only_unsupported_ = true;
  std::set<std::pair<std::size_t, std::size_t>> hidden_lines_;  ///< (source, line)
};

/// Returns `text` fit for a message: control characters escaped, cut at 60 bytes.
std::string printable_line(std::string_view text);

}  // namespace fd
