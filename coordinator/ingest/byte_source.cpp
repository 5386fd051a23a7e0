#include "coordinator/ingest/byte_source.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "coordinator/ingest/refusals.hpp"

namespace fd {
namespace {

constexpr std::size_t kBlockBytes = 256u << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

constexpr std::string_view kLfsMagic = "version https://git-lfs.github.com/spec/";
constexpr std::string_view kLfsAdvice =
    "is a Git LFS pointer, not the file itself; fetch it: git lfs pull";

struct Format {
  std::string_view magic;
  std::string_view advice;
};

constexpr std::array kForeign = {
    Format{kGzipMagic, "is gzip data; name it .jsonl.gz, or unpack it first"},
    Format{kZstdMagic, "is Zstandard data; name it .jsonl.zst, or unpack it first"},
    Format{"PK\x03\x04", "is a zip archive; unpack it first"},
    Format{"\xfd\x37zXZ", "is xz data; unpack it first"},
    Format{"BZh", "is bzip2 data; unpack it first"},
    Format{"PAR1", "is a Parquet file; write it out as JSON Lines first"},
    Format{"Obj\x01", "is an Avro file; write it out as JSON Lines first"},
    Format{"SQLite format 3", "is an SQLite database; write it out as JSON Lines first"},
    Format{kLfsMagic, kLfsAdvice},
    Format{std::string_view("{\0", 2), "is UTF-16; convert it: iconv -f UTF-16LE -t UTF-8"},
    Format{std::string_view("\0{", 2), "is UTF-16; convert it: iconv -f UTF-16BE -t UTF-8"},
};

Error bad_input(const std::string& name, const std::string& why) {
  return Error{Errc::invalid_input, name + ": " + why};
}

std::int64_t mtime_ns(const struct stat& status) {
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

/// Returns what stands in the way of reading a file of this kind.
std::string kind_problem(mode_t mode) {
  if (S_ISREG(mode)) {
    return "";
  }
  if (S_ISDIR(mode)) {
    return "is a folder, not a file";
  }
  if (S_ISFIFO(mode)) {
    return "is a pipe, not a file; give it on standard input, as '-'";
  }
  return "is not a regular file";
}

}  // namespace

std::string open_problem(const std::string& path, int error) {
  std::string target(4096, '\0');
  const ssize_t size =
      error == ENOENT ? ::readlink(path.c_str(), target.data(), target.size()) : ssize_t{-1};
  if (size < 0) {
    return std::strerror(error);
  }
  target.resize(static_cast<std::size_t>(size));
  return "is a link to '" + safe_text(target, 200) + "', which is not there";
}

std::optional<std::string> pointer_format(std::string_view first_bytes) {
  return first_bytes.starts_with(kLfsMagic) ? std::optional<std::string>(kLfsAdvice) : std::nullopt;
}

std::optional<std::string> foreign_format(std::string_view first_bytes) {
  for (const Format& format : kForeign) {
    if (first_bytes.starts_with(format.magic)) {
      return std::string(format.advice);
    }
  }
  return std::nullopt;
}

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& path) {
  std::unique_ptr<ByteSource> source(new ByteSource());
  source->path_ = path;
  source->block_.resize(kBlockBytes);
  if (path == "-") {
    source->name_ = "standard input";
    source->fd_ = STDIN_FILENO;
    return source;
  }
  source->name_ = path;
  // Without O_NONBLOCK a pipe would hold us up here for as long as nobody writes to it.
  source->fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (source->fd_ < 0) {
    return bad_input(path, open_problem(path, errno));
  }
  source->owned_ = true;
  struct stat status {};
  if (::fstat(source->fd_, &status) != 0) {
    return storage_error(path);
  }
  if (const std::string problem = kind_problem(status.st_mode); !problem.empty()) {
    return bad_input(path, problem);
  }
  source->mtime_ns_ = mtime_ns(status);
  if (path.ends_with(".gz")) {
    source->decoder_ = make_gzip_decoder();
    source->kind_ = "gzip";
  } else if (path.ends_with(".zst")) {
    source->decoder_ = make_zstd_decoder();
    source->kind_ = "zstd";
  }
  if (source->decoder_) {
    source->unpacked_.resize(kBlockBytes);
  }
  return source;
}

ByteSource::~ByteSource() {
  if (owned_) {
    ::close(fd_);
  }
}

/// Fills block_ as far as the file goes.
Result<void> ByteSource::read_block() {
  std::size_t filled = 0;
  while (filled < block_.size() && !ended_) {
    const ssize_t got = ::read(fd_, block_.data() + filled, block_.size() - filled);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return storage_error(name_);
    }
    ended_ = got == 0;
    filled += static_cast<std::size_t>(got);
  }
  packed_ = std::string_view(block_.data(), filled);
  sha_.update(packed_);
  bytes_ += filled;
  return {};
}

Result<void> ByteSource::check_format(std::string_view first_bytes) {
  if (const auto foreign = foreign_format(first_bytes)) {
    return bad_input(name_, (decoder_ ? "what is packed in it " : "") + *foreign);
  }
  return {};
}

Result<std::string_view> ByteSource::next() {
  if (decoder_) {
    return next_unpacked();
  }
  FD_TRY_VOID(read_block());
  if (at_start_) {
    at_start_ = false;
    FD_TRY_VOID(check_format(packed_));
  }
  return packed_;
}

Result<std::string_view> ByteSource::next_unpacked() {
  if (bytes_ == 0) {
    FD_TRY_VOID(read_block());
    if (!packed_.starts_with(kind_ == "gzip" ? kGzipMagic : kZstdMagic)) {
      return bad_input(name_, "is no " + kind_ + " data, as its name says");
    }
  }
  for (;;) {
    auto written = decoder_->decode(packed_, unpacked_);
    if (!written.ok()) {
      return written.error().within(name_);
    }
    const std::string_view text(unpacked_.data(), *written);
    if (!text.empty()) {
      if (at_start_) {
        at_start_ = false;
        FD_TRY_VOID(check_format(text));
      }
      return text;
    }
    if (packed_.empty() && ended_) {
      break;
    }
    if (packed_.empty()) {
      FD_TRY_VOID(read_block());
    }
  }
  if (!decoder_->complete()) {
    return bad_input(name_, "ends in the middle of its " + kind_ + " data: it was cut off");
  }
  return std::string_view();
}

Result<InputFile> ByteSource::finish() {
  while (!ended_) {
    FD_TRY_VOID(read_block());
  }
  if (owned_) {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) {
      return storage_error(name_);
    }
    if (mtime_ns(status) != mtime_ns_ || static_cast<std::uint64_t>(status.st_size) != bytes_) {
      return bad_input(name_, "was changed while it was read; try again when it is finished");
    }
  }
  return InputFile{path_, bytes_, 0, sha_.finish(), false};
}

}  // namespace fd
