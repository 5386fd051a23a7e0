#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "protocol/fields.hpp"

// How records are written and read by their tables, whatever the format: a format is a Sink with
// map(), key(), list(), item(), nil(), value() and close, and a Source that looks at one value.

namespace fd {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;

/// Writes `value`; `raw` as in Field.
template <class Sink, class T>
void put(Sink& sink, const T& value, bool raw = false) {
  if constexpr (HasFields<T>) {
    std::uint32_t members = 0;
    Sink::template each<T>([&](const auto& field) { members += left_out(value, field) ? 0 : 1; });
    sink.map(members);
    Sink::template each<T>([&](const auto& field) {
      if (!left_out(value, field)) {
        sink.key(field);
        put(sink, value.*field.member, field.raw);
      }
    });
    sink.end_map();
  } else if constexpr (kIsOptional<T>) {
    value ? put(sink, *value, raw) : sink.nil();
  } else if constexpr (kIsList<T>) {
    sink.list(static_cast<std::uint32_t>(value.size()));
    for (const auto& item : value) {
      sink.item();
      put(sink, item);
    }
    sink.end_list();
  } else {
    sink.value(value, raw);
  }
}

/// What the reader of a member is told of it.
struct Limits {
  std::size_t max = 0;  ///< as Field
  bool raw = false;     ///< as Field
};

/// Reads a value. Returns what is wrong with it, or null. Once `error` is set it names the place.
template <class Source, class T>
const char* take(const Source& from, T& out, const Limits& limits, std::string& error) {
  if constexpr (HasFields<T>) {
    take_record(from, out, error);
    return error.empty() ? nullptr : error.c_str();
  } else if constexpr (kIsOptional<T>) {
    return from.is_nil() ? nullptr : take(from, out.emplace(), limits, error);
  } else if constexpr (kIsList<T>) {
    const auto size = from.list_size();
    if (!size || *size > (limits.max == 0 ? kMaxListItems : limits.max)) {
      return size ? "has too many items" : "is no list";
    }
    for (std::size_t i = 0; i < *size; ++i) {
      if (const char* wrong = take(from.item(i), out.emplace_back(), {}, error)) {
        if (!limits.raw) {
          return wrong;
        }
        out.pop_back();
      }
    }
    return nullptr;
  } else {
    return from.value(out, limits);
  }
}

/// Reads a record. `error`: "answer: field 3 is missing".
template <class Source, class R>
void take_record(const Source& from, R& record, std::string& error) {
  const auto fail = [&](const std::string& place, const char* why) {
    if (error.empty()) {
      error = std::string(kFields<R>.what) + ": " + place + why;
    }
  };
  if (const std::string wrong = from.check_map(); !wrong.empty()) {
    return fail(wrong, "");
  }
  std::size_t known = 0;
  Source::template each<R>([&](const auto& field) {
    if (!error.empty()) {
      return;
    }
    const auto member = from.find(field);
    if (!member) {
      return field.if_set ? void() : fail(Source::place(field), " is missing");
    }
    ++known;
    const Limits limits{field.max, field.raw};
    if (const char* wrong = take(*member, record.*field.member, limits, error)) {
      fail(Source::place(field) + " ", wrong);
    } else if (left_out(record, field)) {
      fail(Source::place(field), " stands at its default");
    }
  });
  if (const std::string stranger = error.empty() ? from.template stranger<R>(known) : "";
      !stranger.empty()) {
    return fail(stranger, " is not known");
  }
  if (const char* wrong = error.empty() ? check(record) : nullptr) {
    fail(wrong, "");
  }
}

}  // namespace fd
