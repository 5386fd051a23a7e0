// Records as JSON lines: JCS, by their tables of members.

#include <algorithm>
#include <charconv>
#include <limits>

#include "protocol/codec.hpp"
#include "protocol/record_fields.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kMaxWhole = std::uint64_t{1} << 53;

class JsonSink {
 public:
  explicit JsonSink(std::string& out) : out_(out) {}
  template <class R>
  static void each(auto&& visit) {
    each_json_field<R>(visit);
  }

  void map(std::uint32_t) { open('{'); }
  void end_map() { out_ += '}'; }
  void key(const auto& field) {
    item();
    out_ += '"';
    out_ += field.name;
    out_ += "\":";
  }
  void list(std::uint32_t) { open('['); }
  void item() {
    if (!first_) {
      out_ += ',';
    }
    first_ = false;
  }
  void end_list() {
    out_ += ']';
    first_ = false;
  }
  void nil() { out_ += "null"; }

  void value(const std::string& text, bool raw) {
    raw ? void(out_ += text) : json::append_string(text, out_);
  }
  void value(const Digest& digest, bool) { quoted(digest.hex()); }
  void value(bool value, bool) { out_ += value ? "true" : "false"; }
  void value(double value, bool) { json::append_number(value, out_); }
  /// What a double cannot hold exactly is written as the largest that it can.
  void value(std::uint64_t value, bool) {
    char buffer[20];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::min(value, kMaxWhole));
    out_.append(buffer, end.ptr);
  }
  void value(std::uint32_t number, bool raw) { value(std::uint64_t{number}, raw); }
  template <class E>
  requires std::is_enum_v<E>
  void value(E value, bool) { quoted(name(value)); }

 private:
  void open(char bracket) {
    out_ += bracket;
    first_ = true;
  }
  void quoted(std::string_view ascii) {
    out_ += '"';
    out_ += ascii;
    out_ += '"';
  }
  std::string& out_;
  bool first_ = true;
};

class JsonSource {
 public:
  explicit JsonSource(const json::Value& value) : value_(value) {}
  template <class R>
  static void each(auto&& visit) {
    each_json_field<R>(visit);
  }
  static std::string place(const auto& field) { return "key \"" + std::string(field.name) + '"'; }

  [[nodiscard]] std::string check_map() const {
    return value_.as_object() == nullptr ? "not a JSON object" : "";
  }
  [[nodiscard]] std::optional<JsonSource> find(const auto& field) const {
    const json::Value* found = value_.find(field.name);
    return found == nullptr ? std::nullopt : std::optional(JsonSource(*found));
  }
  /// Returns a key that is none of R's, when only `known` of them are.
  template <class R>
  [[nodiscard]] std::string stranger(std::size_t known) const {
    if (known < value_.as_object()->size()) {
      for (const auto& [key, unused] : *value_.as_object()) {
        bool own = false;
        each_json_field<R>([&](const auto& field) { own = own || field.name == key; });
        if (!own) {
          return "key \"" + key + '"';
        }
      }
    }
    return {};
  }
  [[nodiscard]] bool is_nil() const { return value_.is_null(); }
  [[nodiscard]] std::optional<std::size_t> list_size() const {
    const json::Array* items = value_.as_array();
    return items == nullptr ? std::nullopt : std::optional(items->size());
  }
  [[nodiscard]] JsonSource item(std::size_t i) const { return JsonSource((*value_.as_array())[i]); }

  const char* value(std::string& out, const Limits& limits) const {
    if (limits.raw) {
      out = json::canonical(value_);
      return value_.as_object() == nullptr ? "is not an object" : nullptr;
    }
    return copied(value_.as_string(), out, "is not a string");
  }
  const char* value(Digest& out, const Limits&) const {
    const auto found = value_.as_string() ? Digest::from_hex(*value_.as_string()) : std::nullopt;
    return copied(found, out, "is not a digest (64 lower-case hexadecimal digits)");
  }
  const char* value(bool& out, const Limits&) const {
    return copied(value_.as_bool(), out, "is neither true nor false");
  }
  const char* value(double& out, const Limits&) const {
    return copied(value_.as_number(), out, "is not a number");
  }
  template <class T>
  requires std::is_unsigned_v<T>
  const char* value(T& out, const Limits&) const {
    const auto found = value_.as_uint();
    const bool fits = found && *found <= std::numeric_limits<T>::max();
    out = fits ? static_cast<T>(*found) : T{};
    return fits ? nullptr : "is not a whole number in its range";
  }
  template <class E>
  requires std::is_enum_v<E>
  const char* value(E& out, const Limits&) const {
    const auto found = value_.as_string() ? from_name<E>(*value_.as_string()) : std::nullopt;
    return copied(found, out, "has an unknown value");
  }

 private:
  template <class T>
  static const char* copied(const auto& found, T& out, const char* otherwise) {
    out = found ? *found : T{};
    return found ? nullptr : otherwise;
  }
  const json::Value& value_;
};

}  // namespace

template <class R>
void append_line(const R& record, std::string& out) {
  JsonSink sink(out);
  put(sink, record);
}

template <class R>
Result<R> from_line(std::string_view line) {
  const auto value = json::parse_canonical(line);
  if (!value.ok()) {
    return Error{Errc::corrupt, std::string(kFields<R>.what) + ": " + value.error().message};
  }
  R record;
  std::string error;
  take_record(JsonSource(*value), record, error);
  return error.empty() ? Result<R>(std::move(record)) : Error{Errc::corrupt, error};
}

#define FD_LINE(R)                                   \
  template void append_line(const R&, std::string&); \
  template Result<R> from_line(std::string_view);
FD_LINE(Sample)
FD_LINE(Answer)
FD_LINE(Call)
FD_LINE(Outcome)
#undef FD_LINE

}  // namespace fd
