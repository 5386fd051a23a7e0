#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fd::simulator {

/// Finds the longest of many patterns inside a text, in time that hardly depends on their number.
///
/// Each pattern is filed under its rarest run of 8 bytes, counted over all patterns, so that
/// questions which begin alike do not share a bucket. A text is read once; patterns are compared
/// only where their run occurs. (Aho-Corasick needs a state per pattern byte: with 20,000 questions
/// millions of states, and a cache miss for each byte of the text.)
/// Thread: any number may search at once.
class SubstringIndex {
 public:
  SubstringIndex() = default;
  /// Requires: no pattern is empty; fewer than 2^32 of them. Of equal ones the first is found.
  explicit SubstringIndex(std::vector<std::string> patterns);
  ~SubstringIndex() = default;
  SubstringIndex(SubstringIndex&&) = default;
  SubstringIndex& operator=(SubstringIndex&&) = default;
  SubstringIndex(const SubstringIndex&) = delete;  // the short ones are known by address
  SubstringIndex& operator=(const SubstringIndex&) = delete;

  /// Returns the index of the longest pattern inside `text` (of equally long ones the lowest), or
  /// nothing.
  [[nodiscard]] std::optional<std::uint32_t> longest_in(std::string_view text) const;
  /// Returns the patterns, in the order given.
  [[nodiscard]] const std::vector<std::string>& patterns() const { return patterns_; }

 private:
  struct Entry {
    std::uint64_t run = 0;      ///< the 8 bytes
    std::uint32_t offset = 0;   ///< where in the pattern they stand
    std::uint32_t pattern = 0;  ///< index
  };

  void file_long_patterns(const std::vector<std::uint32_t>& chosen);
  [[nodiscard]] std::uint32_t slot_of(std::uint64_t run) const;
  [[nodiscard]] std::optional<std::uint32_t> longest_short_in(std::string_view text) const;

  std::vector<std::string> patterns_;
  std::vector<Entry> entries_;  ///< by slot, then longest pattern first
  std::vector<std::uint32_t>
      slot_start_;                       ///< entries of slot i: [slot_start_[i], slot_start_[i+1])
  std::vector<std::uint64_t> occupied_;  ///< one bit a slot: small enough for the nearest cache
  std::uint32_t slot_bits_ = 0;
  /// Patterns shorter than a run; looked up only when no longer one is found.
  std::unordered_map<std::string_view, std::uint32_t> short_patterns_;
};

}  // namespace fd::simulator
