#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/messages.hpp"

namespace fd {

/// How many sorts of errors are told apart; further ones are only counted.
inline constexpr std::size_t kErrorSortsMax = kMaxEndpointErrors;

/// Returns `words` without what changes from one error of a sort to the next: each word that holds
/// a digit (a time, a count, a port, an id) becomes "#".
std::string without_numbers(std::string_view words);

/// Returns whether two errors are of one sort: provider, status and words without numbers.
bool same_sort(const EndpointError& a, const EndpointError& b);

/// Sorts errors by provider, status and words without numbers, and counts each sort. Pure.
class ErrorSorts {
 public:
  struct Sort {
    EndpointError first;
    std::uint64_t count = 0;
  };

  /// Returns whether `error` is the first of its sort. Beyond kErrorSortsMax sorts none is.
  bool add(const EndpointError& error);
  /// Returns the sorts, the most frequent first; of equally frequent ones, the earlier.
  [[nodiscard]] std::vector<Sort> by_count() const;
  /// Returns how many errors were of further sorts.
  [[nodiscard]] std::uint64_t others() const { return others_; }

 private:
  std::vector<Sort> sorts_;
  std::uint64_t others_ = 0;
};

}  // namespace fd
