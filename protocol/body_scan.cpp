#include "protocol/body_scan.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "protocol/messages.hpp"

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

namespace fd {
namespace {

/// Bytes that a whole number takes when it is written as short as can be.
constexpr std::uint64_t shortest(std::uint64_t number) {
  return number < 0x80          ? 1
         : number <= UINT8_MAX  ? 2
         : number <= UINT16_MAX ? 3
         : number <= UINT32_MAX ? 5
                                : 9;
}
constexpr std::uint64_t shortest(std::int64_t number) {
  return number >= 0           ? shortest(static_cast<std::uint64_t>(number))
         : number >= -32       ? 1
         : number >= INT8_MIN  ? 2
         : number >= INT16_MIN ? 3
         : number >= INT32_MIN ? 5
                               : 9;
}
/// Bytes before the content of a text, list or map: up to `fixed` of it takes one.
constexpr std::uint64_t shortest_head(std::uint64_t size, std::uint64_t fixed, bool has_8_bits) {
  return size <= fixed ? 1 : has_8_bits && size <= UINT8_MAX ? 2 : size <= UINT16_MAX ? 3 : 5;
}

/// Measures a body without building it: how many values it has, and how long it would be with each
/// of them in its shortest form. Stops at a value that is one too many or too deep.
class BodyScan : public msgpack::null_visitor {
 public:
  bool visit_nil() { return one(1); }
  bool visit_boolean(bool) { return one(1); }
  bool visit_positive_integer(std::uint64_t number) { return one(shortest(number)); }
  bool visit_negative_integer(std::int64_t number) { return one(shortest(number)); }
  bool visit_float32(float) { return one(5); }
  bool visit_float64(double) { return one(9); }
  bool visit_str(const char*, std::uint32_t size) {
    return one(shortest_head(size, 31, true) + size);
  }
  bool visit_bin(const char*, std::uint32_t size) {
    return one(std::max<std::uint64_t>(shortest_head(size, 0, true), 2) + size);
  }
  bool visit_ext(const char*, std::uint32_t) {
    has_extension_ = true;
    return false;
  }
  bool start_array(std::uint32_t items) { return open(items, items); }
  bool start_map(std::uint32_t pairs) { return open(pairs, std::uint64_t{2} * pairs); }
  bool end_array() { return close(); }
  bool end_map() { return close(); }

  [[nodiscard]] bool too_many() const { return values_ > kMaxMessageValues; }
  [[nodiscard]] bool has_extension() const { return has_extension_; }
  [[nodiscard]] std::uint64_t shortest_bytes() const { return bytes_; }

 private:
  bool one(std::uint64_t bytes) {
    bytes_ += bytes;
    return true;
  }
  bool open(std::uint64_t size, std::uint64_t values) {
    bytes_ += shortest_head(size, 15, false);
    values_ += values;
    return ++depth_ <= kMaxBodyDepth && !too_many();
  }
  bool close() {
    --depth_;
    return true;
  }
  std::uint64_t values_ = 1;
  std::uint64_t bytes_ = 0;
  std::size_t depth_ = 0;
  bool has_extension_ = false;
};

}  // namespace

Result<void> scan_body(std::string_view body) {
  BodyScan scan;
  std::size_t end = 0;
  const bool whole = msgpack::parse(body.data(), body.size(), end, scan);
  if (scan.too_many()) {
    return Error{Errc::invalid_input,
                 "message: more than " + std::to_string(kMaxMessageValues) + " values"};
  }
  if (scan.has_extension()) {
    return Error{Errc::invalid_input, "message: an extension type"};
  }
  if (whole && scan.shortest_bytes() < end) {
    return Error{Errc::invalid_input, "message: a value is longer than its shortest form"};
  }
  return {};
}

}  // namespace fd
