#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/base/result.hpp"

namespace fd::json {

/// The deepest nesting that is accepted, and the longest text.
inline constexpr std::size_t kMaxDepth = 128;
inline constexpr std::size_t kMaxTextBytes = 64u << 20;

class Value;
using Array = std::vector<Value>;
/// Members sorted by key bytes; the canonical writer sorts by UTF-16 units as RFC 8785 asks.
using Object = std::map<std::string, Value, std::less<>>;

/// An owned JSON value. Numbers are doubles, as RFC 8785 has them.
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}                                   // NOLINT: implicit on purpose
  Value(bool boolean) : data_(boolean) {}                    // NOLINT
  Value(double number) : data_(number) {}                    // NOLINT
  Value(int number) : data_(static_cast<double>(number)) {}  // NOLINT
  /// A number beyond 2^53, which a double does not hold exactly, becomes 2^53.
  Value(std::uint64_t number);                                // NOLINT
  Value(std::int64_t number);                                 // NOLINT
  Value(std::string text) : data_(std::move(text)) {}         // NOLINT
  Value(std::string_view text) : data_(std::string(text)) {}  // NOLINT
  Value(const char* text) : data_(std::string(text)) {}       // NOLINT
  Value(Array items) : data_(std::move(items)) {}             // NOLINT
  Value(Object members) : data_(std::move(members)) {}        // NOLINT

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&data_); }
  [[nodiscard]] const double* as_number() const { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&data_); }
  [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&data_); }
  [[nodiscard]] Array* as_array() { return std::get_if<Array>(&data_); }
  [[nodiscard]] Object* as_object() { return std::get_if<Object>(&data_); }
  /// Returns the member `key` of an object, or null when it is no object or has no such member.
  [[nodiscard]] const Value* find(std::string_view key) const;
  /// Returns a non-negative whole number up to 2^53, or nothing.
  [[nodiscard]] std::optional<std::uint64_t> as_uint() const;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, double, std::string, Array, Object> data_;
};

/// Parses one strict JSON text (RFC 8259, I-JSON): UTF-8, no duplicate keys, no lone surrogates, no
/// NaN or infinity, no whole number that a double cannot hold exactly.
/// Errors: invalid_input, with what is wrong and, where known, at which byte or key.
Result<Value> parse(std::string_view text);

/// Parses what canonical() wrote: the way back from our own files and messages. Differs from
/// parse() in one thing: RFC 8785 writes a double between 2^53 and 1e21 as a whole number that can
/// differ from its exact value (2^68 as 295147905179352830000). In a user's data parse() refuses
/// such a number; here it is the double that it came from.
Result<Value> parse_canonical(std::string_view text);

/// Returns the RFC 8785 (JCS) text of `value`.
std::string canonical(const Value& value);
/// Appends the RFC 8785 text of `value` to `out`.
void append_canonical(const Value& value, std::string& out);
/// Appends `text` as a JSON string with RFC 8785 escapes. Requires: valid UTF-8.
void append_string(std::string_view text, std::string& out);
/// Appends `number` as ECMAScript's Number.toString does. Requires: finite.
void append_number(double number, std::string& out);
/// Returns `value` with two-space indentation, keys sorted: for files that people read.
std::string pretty(const Value& value);
/// Returns whether `text` is valid UTF-8 (no surrogates, no overlong forms).
bool valid_utf8(std::string_view text);
/// Returns `text` with every invalid UTF-8 sequence replaced by U+FFFD (Unicode's "maximal subpart"
/// practice): the documented rule for bytes that a model or a program sent us.
std::string replace_invalid_utf8(std::string_view text);

/// The fast way in for rows: parses a line into reused buffers and writes canonical text from
/// there, without building Values. What parse() refuses, this refuses with the same message, but
/// for values that only who uses their field minds: they get a fault. Thread: one at a time.
/// Lifetime: what it returns is good until the next parse().
class RowParser {
 public:
  RowParser();
  ~RowParser();
  RowParser(RowParser&&) noexcept;
  RowParser& operator=(RowParser&&) noexcept;

  /// Parses a line that must hold one JSON object. Errors: invalid_input.
  Result<void> parse(std::string_view line);

  /// Returns what keeps the value of the member `key` from being used ("NaN is no JSON number at
  /// byte 7"), or nothing. It is present, no string, and its text is as the line has it.
  [[nodiscard]] std::string_view fault(std::string_view key) const;

  enum class Member { missing, null, present };
  [[nodiscard]] Member member(std::string_view key) const;
  /// Returns the member's text when it is a string.
  [[nodiscard]] std::optional<std::string_view> string(std::string_view key) const;
  /// Appends the JCS text of the member `key`. Requires: it is present (or null).
  void append_member(std::string_view key, std::string& out) const;
  /// Appends the JCS text of the whole row.
  void append_row(std::string& out) const;
  /// Returns the row's keys in canonical order.
  [[nodiscard]] std::span<const std::string_view> keys() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns whether RFC 8785 sorts key `left` before key `right` (by UTF-16 code units).
bool key_less(std::string_view left, std::string_view right);

}  // namespace fd::json
