#include "coordinator/input_reader.hpp"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace fd {
namespace {

constexpr std::size_t kBlockBytes = 256u << 10;

enum class Packing { none, gzip, zstd };

/// Returns what is wrong with the first bytes of what should be JSONL, or nothing.
const char* foreign_format(std::string_view head) {
  const auto starts = [&](std::string_view magic) { return head.starts_with(magic); };
  if (starts("\x1f\x8b")) {
    return "is gzip data: name it .jsonl.gz";
  }
  if (starts("\x28\xb5\x2f\xfd")) {
    return "is Zstandard data: name it .jsonl.zst";
  }
  if (starts("PK\x03\x04")) {
    return "is a zip archive: unpack it first";
  }
  if (starts("PAR1")) {
    return "is a Parquet file: convert it to JSONL first";
  }
  if (starts("\xff\xfe") || starts("\xfe\xff") ||
      (head.size() > 1 && head[0] == '{' && head[1] == '\0')) {
    return "is UTF-16 text: convert it to UTF-8 first";
  }
  return nullptr;
}

}  // namespace

struct InputReader::Impl {
  std::string path;
  int fd = -1;
  Packing packing = Packing::none;
  Sha256 sha;
  std::uint64_t bytes = 0;
  std::vector<char> raw = std::vector<char>(kBlockBytes);  // as read
  std::size_t raw_at = 0;
  std::size_t raw_end = 0;
  bool raw_over = false;
  std::string block;  // unpacked, not consumed from block_at on
  std::size_t block_at = 0;
  std::string line;  // a line that spans blocks
  std::uint64_t number = 0;
  bool first_block = true;
  bool over = false;
  bool stream_open = false;  // inside a compressed stream
  z_stream gz{};
  bool gz_ready = false;
  ZSTD_DStream* zstd = nullptr;

  ~Impl() {
    if (gz_ready) {
      inflateEnd(&gz);
    }
    ZSTD_freeDStream(zstd);
    if (fd > 0) {
      ::close(fd);
    }
  }

  Error bad(const std::string& why) const { return Error{Errc::invalid_input, path + ": " + why}; }

  Result<void> read_raw() {
    for (;;) {
      const ssize_t got = ::read(fd, raw.data(), raw.size());
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return Error{Errc::storage, path + ": " + std::strerror(errno)};
      }
      raw_at = 0;
      raw_end = static_cast<std::size_t>(got);
      raw_over = got == 0;
      bytes += raw_end;
      sha.update({raw.data(), raw_end});
      return {};
    }
  }

  /// Unpacks what lies in raw into block; says how far it came.
  Result<void> unpack() {
    const std::size_t size = block.size();
    block.resize(size + kBlockBytes);
    std::size_t written = 0;
    if (packing == Packing::gzip) {
      gz.next_in = reinterpret_cast<Bytef*>(raw.data() + raw_at);
      gz.avail_in = static_cast<uInt>(raw_end - raw_at);
      gz.next_out = reinterpret_cast<Bytef*>(block.data() + size);
      gz.avail_out = static_cast<uInt>(kBlockBytes);
      stream_open = true;
      const int code = inflate(&gz, Z_NO_FLUSH);
      raw_at = raw_end - gz.avail_in;
      written = kBlockBytes - gz.avail_out;
      if (code == Z_STREAM_END) {
        stream_open = false;
        inflateReset(&gz);  // another member may follow
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return bad("damaged gzip data");
      }
    } else {
      ZSTD_inBuffer in{raw.data(), raw_end, raw_at};
      ZSTD_outBuffer out{block.data() + size, kBlockBytes, 0};
      const std::size_t code = ZSTD_decompressStream(zstd, &out, &in);
      if (ZSTD_isError(code) != 0) {
        return bad(std::string("damaged Zstandard data: ") + ZSTD_getErrorName(code));
      }
      stream_open = code != 0;
      raw_at = in.pos;
      written = out.pos;
    }
    block.resize(size + written);
    return {};
  }

  /// Gets more into block; sets over when there is no more.
  Result<void> more() {
    block.erase(0, block_at);
    block_at = 0;
    while (block.empty() && !over) {
      if (raw_at == raw_end && !raw_over) {
        FD_TRY_VOID(read_raw());
      }
      if (raw_at == raw_end && raw_over) {
        over = true;
        if (stream_open) {
          return bad("ends in the middle of its compressed data: was it cut off?");
        }
        break;
      }
      if (packing == Packing::none) {
        block.assign(raw.data() + raw_at, raw_end - raw_at);
        raw_at = raw_end;
      } else {
        FD_TRY_VOID(unpack());
      }
    }
    if (first_block && !block.empty()) {
      first_block = false;
      if (const char* foreign = foreign_format(block)) {
        return bad(foreign);
      }
      if (block.starts_with("\xef\xbb\xbf")) {
        block_at = 3;
      }
    }
    return {};
  }
};

InputReader::InputReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
InputReader::~InputReader() = default;
InputReader::InputReader(InputReader&&) noexcept = default;
InputReader& InputReader::operator=(InputReader&&) noexcept = default;

Result<InputReader> InputReader::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path == "-" ? "standard input" : path;
  if (path == "-") {
    impl->fd = 0;
  } else {
    impl->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (impl->fd < 0) {
      return Error{errno == ENOENT ? Errc::not_found : Errc::storage,
                   path + ": " + std::strerror(errno)};
    }
    struct stat status {};
    if (::fstat(impl->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
      return impl->bad(S_ISDIR(status.st_mode) ? "is a folder" : "is no regular file");
    }
  }
  if (path.ends_with(".gz")) {
    impl->packing = Packing::gzip;
    impl->gz_ready = inflateInit2(&impl->gz, 15 + 16) == Z_OK;
    FD_CHECK(impl->gz_ready);
  } else if (path.ends_with(".zst")) {
    impl->packing = Packing::zstd;
    impl->zstd = ZSTD_createDStream();
    FD_CHECK(impl->zstd != nullptr);
  }
  return InputReader(std::move(impl));
}

Result<InputReader::Line> InputReader::next() {
  Impl& in = *impl_;
  in.line.clear();
  bool too_long = false;
  bool any = false;
  std::string_view text;
  for (;;) {
    if (in.block_at == in.block.size()) {
      FD_TRY_VOID(in.more());
      if (in.over && in.block.empty()) {
        if (!any) {
          return Line{};
        }
        text = in.line;
        break;
      }
    }
    any = true;
    const std::string_view rest = std::string_view(in.block).substr(in.block_at);
    const std::size_t end = rest.find('\n');
    const std::string_view part = rest.substr(0, end);
    in.block_at += end == std::string_view::npos ? rest.size() : end + 1;
    const bool whole = end != std::string_view::npos && in.line.empty() && !too_long;
    if (whole) {
      text = part;
    } else if (in.line.size() + part.size() > kMaxLineBytes + 1) {
      too_long = true;
      in.line.clear();
    } else if (!too_long) {
      in.line += part;
      text = in.line;
    }
    if (end != std::string_view::npos) {
      break;
    }
  }
  if (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  too_long = too_long || text.size() > kMaxLineBytes;
  return Line{++in.number, too_long ? std::string_view() : text, too_long};
}

std::uint64_t InputReader::bytes() const {
  return impl_->bytes;
}
Digest InputReader::digest() {
  return impl_->sha.finish();
}

}  // namespace fd
