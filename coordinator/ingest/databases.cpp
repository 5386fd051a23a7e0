#include "coordinator/ingest/databases.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/ingest/byte_source.hpp"
#include "coordinator/ingest/refusals.hpp"
#include "coordinator/ingest/row_contract.hpp"
#include "protocol/base/field_template.hpp"

namespace fd {
namespace {

constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::size_t kDatabaseBlockBytes = 256u << 10;
/// Of a path in a message.
constexpr std::size_t kMaxShownBytes = 150;

Error invalid(const std::string& why) {
  return Error{Errc::invalid_input, why};
}

/// Returns the path without links, or nothing.
std::optional<std::string> real_path(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(path.c_str(), resolved.data()) == nullptr) {
    return std::nullopt;
  }
  return std::string(resolved.data());
}

/// Returns `path` relative to `folder` when it is an absolute path of something in there, spelled
/// as the user gave the folder or without links; else `path` as it is.
std::string in_folder(const std::string& path, const std::string& folder) {
  if (!path.starts_with('/')) {
    return path;
  }
  const std::string absolute = std::filesystem::path(path).lexically_normal().string();
  std::error_code error;
  const std::string given = std::filesystem::absolute(folder, error).lexically_normal().string();
  for (std::string start : {given, real_path(folder).value_or(given)}) {
    start += start.ends_with('/') ? "" : "/";
    if (absolute.starts_with(start)) {
      return absolute.substr(start.size());
    }
  }
  return path;
}

bool leaves_folder(std::string_view relative) {
  if (relative.starts_with('/')) {
    return true;
  }
  while (!relative.empty()) {
    const std::size_t slash = relative.find('/');
    if (relative.substr(0, slash) == "..") {
      return true;
    }
    relative.remove_prefix(slash == std::string_view::npos ? relative.size() : slash + 1);
  }
  return false;
}

/// Returns whether the file is there and its first byte is not zero: a rollback journal that SQLite
/// keeps for later use begins with zeros.
bool has_content(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char first = 0;
  const bool any = fd >= 0 && ::read(fd, &first, 1) == 1 && first != 0;
  if (fd >= 0) {
    ::close(fd);
  }
  return any;
}

/// A file that is open for reading.
class Source {
 public:
  explicit Source(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)) {}
  ~Source() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// Returns false, with errno set, when the file cannot be looked at.
  bool status(struct stat& status) const { return fd_ >= 0 && ::fstat(fd_, &status) == 0; }
  /// Returns the bytes read, 0 at the end, -1 with errno set.
  ssize_t read(std::vector<char>& block) const {
    for (;;) {
      const ssize_t got = ::read(fd_, block.data(), block.size());
      if (got >= 0 || errno != EINTR) {
        return got;
      }
    }
  }

 private:
  int fd_;
};

/// Errors: invalid_input (it is damaged), storage.
Result<void> check_database(const std::string& path, const std::string& shown) {
  const Result<void> checked = check_sqlite_database(path);
  if (checked.ok() || checked.error().code != Errc::corrupt) {
    return checked;
  }
  std::string_view why = checked.error().message;
  why.remove_prefix(std::min(why.size(), path.size() + 2));  // "PATH: "
  return invalid(shown + " is damaged: " + safe_text(why, kMaxShownBytes));
}

bool same_state(const struct stat& before, const struct stat& after) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

}  // namespace

Result<std::string> render_path(std::string_view path_template, const json::RowParser& row) {
  std::string path;
  while (!path_template.empty()) {
    const TemplatePiece piece = take_piece(path_template);
    path += piece.literal;
    if (piece.place == TemplatePiece::Place::none) {
      break;
    }
    if (piece.place == TemplatePiece::Place::unclosed) {
      return invalid("gates.exec.database: {{ without its }}");
    }
    const std::string_view name = piece.field;
    if (const auto text = row.string(name)) {
      path += *text;
      continue;
    }
    if (row.member(name) == json::RowParser::Member::missing) {
      return invalid("missing field '" + std::string(name) + "', which names the database");
    }
    FD_TRY_VOID(check_fault(row, name));
    const std::string type = type_of(row, name);
    if (type != "a number") {
      return invalid("field '" + std::string(name) +
                     "', which names the database, must be text, got " + type);
    }
    row.append_member(name, path);
  }
  return path;
}

DatabaseFinder::DatabaseFinder(std::string path_template, std::string directory)
    : template_(std::move(path_template)), directory_(std::move(directory)) {}

Result<std::uint32_t> DatabaseFinder::find(const json::RowParser& row,
                                           const std::string& input_folder) {
  FD_TRY(std::string relative, render_path(template_, row));
  auto& known = known_[input_folder];
  if (const auto found = known.find(relative); found != known.end()) {
    return found->second;
  }
  if (known_count_ == kMaxDatabases) {
    return invalid("more than " + std::to_string(kMaxDatabases) + " different databases are named");
  }
  ++known_count_;
  auto taken = take(relative, input_folder);
  known.emplace(std::move(relative), taken);
  return taken;
}

Result<std::uint32_t> DatabaseFinder::take(const std::string& relative,
                                           const std::string& input_folder) {
  const std::string shown = "database '" + safe_text(relative, kMaxShownBytes) + "'";
  if (relative.empty()) {
    return invalid("the database's path is empty");
  }
  if (relative.find('\0') != std::string::npos) {
    return invalid(shown + " has a zero byte in its name");
  }
  const std::string inside = in_folder(relative, input_folder);
  if (leaves_folder(inside)) {
    return invalid(shown + " leaves the input's folder; paths are relative to it");
  }
  // Who made the folder chose where its links lead; a row's text chooses among what is in there.
  const std::string given = input_folder + "/" + inside;
  const auto path = real_path(given);
  if (!path) {
    const std::string why = open_problem(given, errno);
    return invalid(shown + ": " + why + " (looked in '" + input_folder + "')" +
                   (inside.find('\\') == std::string::npos
                        ? ""
                        : "; paths are written with '/', not with '\\'"));
  }
  for (const char* beside : {"-wal", "-journal"}) {
    if (has_content(*path + beside) || has_content(given + beside)) {
      return invalid(shown + " has changes that are not in it yet, in '" +
                     safe_text(relative, kMaxShownBytes) + beside +
                     "'; close the program that writes it, or open it once with "
                     "sqlite3 and run: PRAGMA journal_mode=DELETE");
    }
  }
  return copy(*path, shown);
}

/// Copies a database into the run block by block. Its name there is known only when it is through.
Result<std::uint32_t> DatabaseFinder::copy(const std::string& path, const std::string& shown) {
  const Source source(path);
  struct stat before {};
  if (!source.status(before)) {
    return invalid(shown + ": " + std::strerror(errno));
  }
  if (!S_ISREG(before.st_mode)) {
    return invalid(shown + " is no regular file");
  }
  const std::string incoming = directory_ + "/incoming";
  FD_TRY(AtomicFile file, AtomicFile::create(incoming, Durable::later));
  std::vector<char> block(kDatabaseBlockBytes);
  bool first = true;
  for (;;) {
    const ssize_t got = source.read(block);
    if (got < 0) {
      return invalid(shown + ": " + std::strerror(errno));
    }
    const std::string_view bytes(block.data(), static_cast<std::size_t>(got));
    if (first && !bytes.starts_with(kSqliteMagic)) {
      const std::optional<std::string> pointer = pointer_format(bytes);
      return invalid(shown + " " + pointer.value_or("is no SQLite database"));
    }
    first = false;
    if (bytes.empty()) {
      break;
    }
    FD_TRY_VOID(file.write(bytes));
  }
  struct stat after {};
  if (!source.status(after) || !same_state(before, after)) {
    return invalid(shown + " was changed while it was read");
  }
  FD_TRY(const FileEntry entry, file.commit());
  const std::string hex = entry.sha256.hex();
  if (const auto known = by_digest_.find(hex); known != by_digest_.end()) {
    FD_TRY_VOID(remove_tree(incoming));  // the same bytes under another name
    return known->second;
  }
  // Before anything is paid for an answer to run there.
  FD_TRY_VOID(check_database(incoming, shown));
  if (::rename(incoming.c_str(), (directory_ + "/" + hex).c_str()) != 0) {
    return storage_error(directory_ + "/" + hex);
  }
  const auto index = static_cast<std::uint32_t>(files_.size());
  by_digest_.emplace(hex, index);
  files_.push_back({hex, path, entry.bytes});
  return index;
}

}  // namespace fd
