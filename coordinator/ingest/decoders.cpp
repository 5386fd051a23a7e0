#include <algorithm>
#include <limits>
#include <string>

#include <zlib.h>
#include <zstd.h>

#include "coordinator/ingest/byte_source.hpp"

namespace fd {
namespace {

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    constexpr int kGzipOnly = 16;
    FD_CHECK(inflateInit2(&stream_, kGzipOnly + MAX_WBITS) == Z_OK);
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Result<std::size_t> decode(std::string_view& packed, std::span<char> out) override {
    std::size_t written = 0;
    // A member can end without giving bytes, while the next one waits.
    while (written == 0 && !(member_ended_ && packed.empty())) {
      if (member_ended_) {
        FD_CHECK(inflateReset(&stream_) == Z_OK);
        member_ended_ = false;
      }
      const std::size_t offered = packed.size();
      FD_TRY(written, inflate_once(packed, out));
      if (packed.size() == offered) {
        break;
      }
    }
    return written;
  }

  [[nodiscard]] bool complete() const override { return member_ended_; }

 private:
  Result<std::size_t> inflate_once(std::string_view& packed, std::span<char> out) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const std::size_t offered = std::min(packed.size(), kMost);
    const std::size_t room = std::min(out.size(), kMost);
    // zlib's interface has no const; it only reads from here.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    packed.remove_prefix(offered - stream_.avail_in);
    member_ended_ = code == Z_STREAM_END;
    if (code != Z_STREAM_END && code != Z_OK && code != Z_BUF_ERROR) {
      return Error{Errc::invalid_input, std::string("damaged gzip data: ") +
                                            (stream_.msg != nullptr ? stream_.msg : "unreadable")};
    }
    return room - stream_.avail_out;
  }

  z_stream stream_{};
  bool member_ended_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) { FD_CHECK(stream_ != nullptr); }
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Result<std::size_t> decode(std::string_view& packed, std::span<char> out) override {
    if (packed.empty() && frame_ended_) {
      return std::size_t{0};
    }
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    ZSTD_inBuffer from{packed.data(), packed.size(), 0};
    do {
      const std::size_t before = from.pos;
      const std::size_t hint = ZSTD_decompressStream(stream_, &to, &from);
      if (ZSTD_isError(hint) != 0) {
        return Error{Errc::invalid_input,
                     std::string("damaged or unsupported zstd data: ") + ZSTD_getErrorName(hint)};
      }
      frame_ended_ = hint == 0;
      if (from.pos == before) {
        break;
      }
    } while (to.pos == 0 && from.pos < from.size);
    packed.remove_prefix(from.pos);
    return to.pos;
  }

  [[nodiscard]] bool complete() const override { return frame_ended_; }

 private:
  ZSTD_DStream* stream_;
  bool frame_ended_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_gzip_decoder() {
  return std::make_unique<GzipDecoder>();
}

std::unique_ptr<Decoder> make_zstd_decoder() {
  return std::make_unique<ZstdDecoder>();
}

}  // namespace fd
