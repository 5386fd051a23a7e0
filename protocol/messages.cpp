// Messages in MessagePack, by their tables of members. Whatever a peer sends ends in a whole
// message or in an error that names message and key.

#include "protocol/messages.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "protocol/body_scan.hpp"
#include "protocol/codec.hpp"
#include "protocol/message_fields.hpp"

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

namespace fd {
namespace {

/// Appends to a std::string: the stream that msgpack's packer wants.
class StringStream {
 public:
  explicit StringStream(std::string& out) : out_(out) {}
  void write(const char* data, std::size_t size) { out_.append(data, size); }

 private:
  std::string& out_;
};

class PackSink {
 public:
  explicit PackSink(std::string& out) : stream_(out), packer_(stream_) {}
  template <class R>
  static void each(auto&& visit) {
    each_field<R>(visit);
  }

  void map(std::uint32_t members) { packer_.pack_map(members); }
  void key(const auto& field) { packer_.pack_uint8(field.number); }
  void end_map() {}
  void list(std::uint32_t items) { packer_.pack_array(items); }
  void item() {}
  void end_list() {}
  void nil() { packer_.pack_nil(); }

  void value(const std::string& text, bool raw) {
    if (raw) {
      bytes(text.data(), text.size());
      return;
    }
    packer_.pack_str(static_cast<std::uint32_t>(text.size()));
    packer_.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
  }
  void value(const Digest& digest, bool) { bytes(digest.bytes.data(), digest.bytes.size()); }
  void value(bool value, bool) { value ? packer_.pack_true() : packer_.pack_false(); }
  void value(double value, bool) { packer_.pack_double(value); }
  void value(std::uint64_t value, bool) { packer_.pack_uint64(value); }
  void value(std::uint32_t value, bool) { packer_.pack_uint32(value); }
  template <class E>
  requires std::is_enum_v<E>
  void value(E value, bool) { packer_.pack_uint8(static_cast<std::uint8_t>(value)); }

 private:
  void bytes(const void* data, std::size_t size) {
    packer_.pack_bin(static_cast<std::uint32_t>(size));
    packer_.pack_bin_body(static_cast<const char*>(data), static_cast<std::uint32_t>(size));
  }
  StringStream stream_;
  msgpack::packer<StringStream> packer_;
};

/// Adds up the most that a value takes in MessagePack.
struct SizeSink {
  std::size_t bytes = 0;
  template <class R>
  static void each(auto&& visit) {
    each_field<R>(visit);
  }
  void map(std::uint32_t) { bytes += 3; }
  void key(const auto&) { bytes += 1; }
  void end_map() {}
  void list(std::uint32_t) { bytes += 5; }
  void item() {}
  void end_list() {}
  void nil() { bytes += 1; }
  void value(const std::string& text, bool) { bytes += 5 + text.size(); }
  void value(const auto& value, bool) { bytes += 2 + sizeof value; }
};

class PackSource {
 public:
  explicit PackSource(const msgpack::object& object) : object_(object) {}
  template <class R>
  static void each(auto&& visit) {
    each_field<R>(visit);
  }
  static std::string place(const auto& field) { return "field " + std::to_string(field.number); }

  [[nodiscard]] std::string check_map() const {
    if (object_.type != msgpack::type::MAP) {
      return "field 0 is no map";
    }
    std::vector<std::uint64_t> seen;
    for (const msgpack::object_kv& entry : object_.via.map) {
      if (entry.key.type != msgpack::type::POSITIVE_INTEGER) {
        return "field 0 has a key that is no number";
      }
      if (std::find(seen.begin(), seen.end(), entry.key.via.u64) != seen.end()) {
        return "field " + std::to_string(entry.key.via.u64) + " stands twice";
      }
      seen.push_back(entry.key.via.u64);
    }
    return {};
  }
  [[nodiscard]] std::optional<PackSource> find(const auto& field) const {
    for (const msgpack::object_kv& entry : object_.via.map) {
      if (entry.key.via.u64 == field.number) {
        return PackSource(entry.val);
      }
    }
    return std::nullopt;
  }
  /// Unknown keys are ignored, so that a field can be added within one protocol version.
  template <class R>
  [[nodiscard]] std::string stranger(std::size_t) const {
    return {};
  }
  [[nodiscard]] bool is_nil() const { return object_.type == msgpack::type::NIL; }
  [[nodiscard]] std::optional<std::size_t> list_size() const {
    return object_.type == msgpack::type::ARRAY ? std::optional<std::size_t>(object_.via.array.size)
                                                : std::nullopt;
  }
  [[nodiscard]] PackSource item(std::size_t i) const {
    return PackSource(object_.via.array.ptr[i]);
  }

  const char* value(std::string& out, const Limits& limits) const {
    if (object_.type != (limits.raw ? msgpack::type::BIN : msgpack::type::STR)) {
      return limits.raw ? "is no byte string" : "is no text";
    }
    const std::string_view text = limits.raw
                                      ? std::string_view(object_.via.bin.ptr, object_.via.bin.size)
                                      : std::string_view(object_.via.str.ptr, object_.via.str.size);
    if (text.size() > (limits.max == 0 ? kMaxTextBytes : limits.max)) {
      return "is too long";
    }
    out = text;
    return limits.raw || json::valid_utf8(out) ? nullptr : "is not UTF-8";
  }
  const char* value(Digest& out, const Limits&) const {
    if (object_.type != msgpack::type::BIN || object_.via.bin.size != out.bytes.size()) {
      return "is no digest";
    }
    std::copy_n(reinterpret_cast<const std::uint8_t*>(object_.via.bin.ptr), out.bytes.size(),
                out.bytes.begin());
    return nullptr;
  }
  const char* value(bool& out, const Limits&) const {
    out = object_.type == msgpack::type::BOOLEAN && object_.via.boolean;
    return object_.type == msgpack::type::BOOLEAN ? nullptr : "is no boolean";
  }
  /// msgpack-c packs a whole double as an integer.
  const char* value(double& out, const Limits&) const {
    out = object_.type == msgpack::type::POSITIVE_INTEGER   ? static_cast<double>(object_.via.u64)
          : object_.type == msgpack::type::NEGATIVE_INTEGER ? static_cast<double>(object_.via.i64)
          : object_.type == msgpack::type::FLOAT64          ? object_.via.f64
                                                            : std::nan("");
    return std::isfinite(out) ? nullptr : "is no finite number";
  }
  template <class T>
  requires std::is_unsigned_v<T>
  const char* value(T& out, const Limits&) const {
    const bool fits = object_.type == msgpack::type::POSITIVE_INTEGER &&
                      object_.via.u64 <= std::numeric_limits<T>::max();
    out = fits ? static_cast<T>(object_.via.u64) : T{};
    return fits ? nullptr : "is no whole number in range";
  }
  template <class E>
  requires std::is_enum_v<E>
  const char* value(E& out, const Limits&) const {
    const auto found = object_.type == msgpack::type::POSITIVE_INTEGER
                           ? from_number<E>(object_.via.u64)
                           : std::nullopt;
    out = found.value_or(E{});
    return found ? nullptr : "has an unknown value";
  }

 private:
  const msgpack::object& object_;
};

/// Texts and bytes are read where they lie in the body.
bool in_place(msgpack::type::object_type, std::size_t, void*) {
  return true;
}

}  // namespace

template <class M>
std::string encode(const M& message) {
  std::string out;
  PackSink sink(out);
  put(sink, message);
  return out;
}

template <class M>
Result<M> decode(std::string_view body) {
  M message;
  std::string error;
  try {
    FD_TRY_VOID(scan_body(body));
    const msgpack::unpack_limit limit(kMaxListItems, 256, kMaxTextBytes, kMaxFrameBytes, 0,
                                      kMaxBodyDepth);
    std::size_t offset = 0;
    const msgpack::object_handle handle =
        msgpack::unpack(body.data(), body.size(), offset, in_place, nullptr, limit);
    if (offset != body.size()) {
      return Error{Errc::invalid_input, "message: bytes behind its end"};
    }
    take_record(PackSource(handle.get()), message, error);
  } catch (const std::exception& problem) {
    return Error{Errc::invalid_input, std::string("message: ") + problem.what()};
  }
  return error.empty() ? Result<M>(std::move(message)) : Error{Errc::invalid_input, error};
}

template <class R>
std::size_t encoded_size_bound(const R& record) {
  SizeSink sink;
  put(sink, record);
  return sink.bytes;
}

std::uint64_t call_fingerprint(const Call& call) {
  return sha256(encode(call)).leading_bits();
}

std::uint64_t answer_fingerprint(const Answer& answer) {
  return sha256(encode(answer)).leading_bits();
}

#define FD_MESSAGE(M)                          \
  template std::string encode(const M&);       \
  template Result<M> decode(std::string_view); \
  template std::size_t encoded_size_bound(const M&);
FD_MESSAGE(WorkerState)
FD_MESSAGE(Order)
FD_MESSAGE(RunSpec)
FD_MESSAGE(Fetch)
FD_MESSAGE(SampleItem)
FD_MESSAGE(Samples)
FD_MESSAGE(FetchDatabase)
FD_MESSAGE(DatabaseChunk)
FD_MESSAGE(Deliver)
FD_MESSAGE(Ack)
FD_MESSAGE(StageItem)
FD_MESSAGE(StageRequest)
FD_MESSAGE(StageReply)
FD_MESSAGE(FlushMarker)
FD_MESSAGE(Record)
FD_MESSAGE(ShareGranted)
FD_MESSAGE(StartMade)
FD_MESSAGE(JournalIntent)
FD_MESSAGE(JournalCancelled)
FD_MESSAGE(Sample)
FD_MESSAGE(Answer)
FD_MESSAGE(Call)
FD_MESSAGE(Outcome)
#undef FD_MESSAGE

}  // namespace fd
