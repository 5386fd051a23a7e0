#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>

#include "protocol/limits.hpp"

// One table of members for each record, `kFields<R>`. Its MessagePack map, its JSON line, the bound
// of its size and the errors of both readers follow from it (protocol/codec.hpp).

namespace fd {

/// One member of a record.
template <class Owner, class Member>
struct Field {
  std::uint8_t number = 0;  ///< its key in MessagePack: below 128, never reused
  std::string_view name;    ///< its key in JSON; empty: it is not in JSON
  Member Owner::*member = nullptr;
  std::size_t max = 0;  ///< bytes of a text, items of a list; 0: kMaxTextBytes, kMaxListItems
  bool if_set = false;  ///< left out at its default
  /// JSON: a text that is an object's. MessagePack: a text that is a byte string, or a list of
  /// which unknown items are left out.
  bool raw = false;

  [[nodiscard]] constexpr Field at_most(std::size_t limit) const {
    return {number, name, member, limit, if_set, raw};
  }
  /// For every member that is added to a record after its first version: what was written before
  /// is read, and written again, as it was.
  [[nodiscard]] constexpr Field when_set() const { return {number, name, member, max, true, raw}; }
  [[nodiscard]] constexpr Field as_is() const { return {number, name, member, max, if_set, true}; }
};

/// A member that is in JSON too, and one that is in MessagePack only.
template <class Owner, class Member>
constexpr Field<Owner, Member> field(std::uint8_t number, std::string_view name,
                                     Member Owner::*member) {
  return {number, name, member};
}
template <class Owner, class Member>
constexpr Field<Owner, Member> field(std::uint8_t number, Member Owner::*member) {
  return {number, {}, member};
}

template <class... Each>
struct Table {
  std::string_view what;  ///< what errors call the record
  std::tuple<Each...> fields;
};
template <class... Each>
constexpr Table<Each...> table(std::string_view what, Each... fields) {
  return {what, std::tuple(fields...)};
}

/// The table of record R; numbers rise.
template <class R>
inline constexpr std::nullptr_t kFields = nullptr;
template <class R>
concept HasFields = requires {
  kFields<R>.what;
};

/// Returns what is wrong with a record whose members are each as they should be, or null.
template <class R>
const char* check(const R&) {
  return nullptr;
}

/// Calls `visit` with each field of R, in the order of their numbers.
template <class R>
void each_field(auto&& visit) {
  std::apply([&](const auto&... fields) { (visit(fields), ...); }, kFields<R>.fields);
}

/// The indexes of R's fields in the order of their JSON names, which is that of JCS.
template <class R>
inline constexpr auto kJsonOrder = std::apply(
    [](const auto&... fields) {
      const std::array<std::string_view, sizeof...(fields)> names{fields.name...};
      std::array<std::size_t, sizeof...(fields)> order{};
      std::generate(order.begin(), order.end(), [i = std::size_t{0}]() mutable { return i++; });
      std::sort(order.begin(), order.end(),
                [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
      return order;
    },
    kFields<R>.fields);

/// Calls `visit` with each field of R that JSON has, in the order of JCS.
template <class R>
void each_json_field(auto&& visit) {
  const auto one = [&](const auto& each) { each.name.empty() ? void() : visit(each); };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (one(std::get<kJsonOrder<R>[I]>(kFields<R>.fields)), ...);
  }
  (std::make_index_sequence<kJsonOrder<R>.size()>());
}

/// Returns whether a member is left out of what is written of `record`.
template <class R>
bool left_out(const R& record, const auto& field) {
  static const R kDefault{};
  return field.if_set && record.*field.member == kDefault.*field.member;
}

}  // namespace fd
