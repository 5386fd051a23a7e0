#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

namespace fd::json {

/// Reads the members of one object. The first thing that is wrong is kept in ok(); what a getter
/// returns is of use only while that is good. Lifetime: not longer than the value.
class ObjectReader {
 public:
  /// `where` is what messages call the object.
  ObjectReader(const Value& value, std::string where);
  /// Returns a member that must be there; null after an error.
  const Value* member(std::string_view key);
  std::string text(std::string_view key);
  Digest digest(std::string_view key);
  std::optional<Digest> digest_or_null(std::string_view key);
  /// Returns a whole number that a T holds.
  template <class T = std::uint64_t>
  T whole(std::string_view key) {
    return static_cast<T>(whole_up_to(key, std::numeric_limits<T>::max()));
  }
  const Array& list(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::uint32_t> wholes(std::string_view key);
  std::map<std::string, std::uint64_t> counts(std::string_view key);
  /// Makes it an error that the member `key` is what `why` says.
  void fail(std::string_view key, std::string_view why);
  /// Returns the first error. Errors: corrupt, naming the key.
  [[nodiscard]] const Result<void>& ok() const { return ok_; }

 private:
  std::uint64_t whole_up_to(std::string_view key, std::uint64_t max);
  const Value& value_;
  std::string where_;
  Result<void> ok_;
};

}  // namespace fd::json
