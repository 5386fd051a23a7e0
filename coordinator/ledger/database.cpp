#include "coordinator/ledger/database.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <vector>

#include <sqlite3.h>

#include "protocol/base/escape.hpp"

namespace fd {
namespace {

constexpr int kFlags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;

const char* name_or_default(const std::string& vfs) {
  return vfs.empty() ? nullptr : vfs.c_str();
}

/// Returns `path` with the links in its folder resolved: kFlags refuses those above a file too,
/// where only the file itself must be none. The files of another VFS lie in no folder.
std::string in_real_folder(const std::string& path, const std::string& vfs) {
  if (!vfs.empty()) {
    return path;
  }
  std::error_code failed;
  const std::filesystem::path given(path);
  const auto folder = std::filesystem::canonical(
      given.has_parent_path() ? given.parent_path() : std::filesystem::path("."), failed);
  return failed ? path : (folder / given.filename()).string();
}

Error error_of(sqlite3* handle, const std::string& path) {
  const int code = handle == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle);
  const std::string what = handle == nullptr ? "out of memory" : sqlite3_errmsg(handle);
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error{Errc::busy, path + ": another process holds it (" + what + ")"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:       // the statements are right for the tables and the format that we write
    case SQLITE_CONSTRAINT:  // and give each row a key of its own
      return Error{Errc::corrupt, path + ": " + what};
    default:
      return Error{Errc::storage, path + ": " + what};
  }
}

/// Returns an URI that names `path` literally and tells SQLite that nobody changes the file.
std::string immutable_uri(const std::string& path) {
  return "file:" + percent_encoded(path, "/._-~") + "?immutable=1";
}

int keep_wal_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

LedgerStatement::~LedgerStatement() {
  sqlite3_finalize(handle_);
}
LedgerStatement& LedgerStatement::bind(int parameter, std::uint64_t value) {
  sqlite3_bind_int64(handle_, parameter, static_cast<sqlite3_int64>(value));
  return *this;
}
LedgerStatement& LedgerStatement::bind_blob(int parameter, std::string_view bytes) {
  sqlite3_bind_blob64(handle_, parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}
LedgerStatement& LedgerStatement::bind_text(int parameter, std::string_view text) {
  sqlite3_bind_text64(handle_, parameter, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}
Result<bool> LedgerStatement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    return code == SQLITE_ROW;
  }
  return error_of(sqlite3_db_handle(handle_), path_);
}
Result<void> LedgerStatement::run() {
  Result<bool> row = true;
  while (row.ok() && *row) {
    row = step();
  }
  reset();
  return row.ok() ? Result<void>() : Result<void>(row.error());
}
void LedgerStatement::reset() {
  sqlite3_reset(handle_);
}
std::uint64_t LedgerStatement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(handle_, column));
}
std::string_view LedgerStatement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Result<void> LedgerDatabase::connect(const std::string& name, int flags, Duration busy_timeout) {
  if (sqlite3_open_v2(name.c_str(), &handle_, flags | kFlags, name_or_default(vfs_)) != SQLITE_OK) {
    return error();
  }
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(busy_timeout);
  sqlite3_busy_timeout(handle_, static_cast<int>(milliseconds.count()));
  sqlite3_wal_hook(handle_, keep_wal_pages, wal_pages_.get());
  settle_on_close(false);
  return {};
}

Result<LedgerDatabase> LedgerDatabase::open(const std::string& path, const std::string& vfs,
                                            Duration busy_timeout) {
  LedgerDatabase database(path, vfs);
  FD_TRY_VOID(database.connect(in_real_folder(path, vfs),
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, busy_timeout));
  return database;
}

Result<LedgerDatabase> LedgerDatabase::open_read_only(const std::string& path,
                                                      const std::string& vfs,
                                                      Duration busy_timeout) {
  if (!exists(path, vfs)) {
    return Error{Errc::not_found, path + ": there is no such file, or it is empty"};
  }
  LedgerDatabase database(path, vfs);
  database.at_rest_ = database.is_at_rest();
  FD_TRY_VOID(
      database.at_rest_
          ? database.connect(immutable_uri(in_real_folder(path, vfs)),
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, busy_timeout)
          : database.connect(in_real_folder(path, vfs), SQLITE_OPEN_READONLY, busy_timeout));
  return database;
}

bool LedgerDatabase::is_at_rest() const {
  return !exists(path_ + "-wal", vfs_) && !exists(path_ + "-journal", vfs_);
}

LedgerDatabase::~LedgerDatabase() {
  sqlite3_close_v2(handle_);
}

Result<void> LedgerDatabase::exec(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return error();
  }
  return {};
}

Result<LedgerStatement> LedgerDatabase::prepare(const char* sql) {
  LedgerStatement statement;
  statement.path_ = path_;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement.handle_,
                         nullptr) != SQLITE_OK) {
    return error();
  }
  return statement;
}

Result<std::uint64_t> LedgerDatabase::number(const char* sql) {
  FD_TRY(LedgerStatement statement, prepare(sql));
  FD_TRY(const bool found, statement.step());
  if (!found) {
    return 0;
  }
  const std::uint64_t value = statement.number(0);
  FD_TRY_VOID(statement.run());
  return value;
}

Result<std::string> LedgerDatabase::text(const char* sql) {
  FD_TRY(LedgerStatement statement, prepare(sql));
  FD_TRY(const bool found, statement.step());
  if (!found) {
    return std::string();
  }
  std::string value(statement.bytes(0));
  FD_TRY_VOID(statement.run());
  return value;
}

Result<bool> LedgerDatabase::any(const char* sql) {
  FD_TRY(LedgerStatement statement, prepare(sql));
  return statement.step();
}

void LedgerDatabase::rollback() {
  if (sqlite3_get_autocommit(handle_) == 0) {
    // What fails here has failed before, and SQLite rolls back by itself then.
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Result<void> LedgerDatabase::copy_to(const std::string& path) {
  LedgerDatabase target(path, vfs_);
  FD_TRY_VOID(target.connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, Duration::zero()));
  FD_TRY_VOID(target.exec("PRAGMA synchronous=EXTRA"));
  sqlite3_backup* backup = sqlite3_backup_init(target.handle_, "main", handle_, "main");
  if (backup == nullptr) {
    return target.error();
  }
  sqlite3_backup_step(backup, -1);  // in one transaction of the target; its error comes at the end
  if (sqlite3_backup_finish(backup) != SQLITE_OK) {
    return target.error();
  }
  target.settle_on_close(true);
  return {};
}

Result<void> LedgerDatabase::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK && code != SQLITE_BUSY) {  // busy: somebody reads, the next one will do it
    return error();
  }
  return {};
}

void LedgerDatabase::settle_on_close(bool settle) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, settle ? 0 : 1, nullptr);
}

std::optional<std::uint64_t> LedgerDatabase::offset_of(std::string_view bytes) {
  // Long rows go on elsewhere, so only their beginning is looked for.
  constexpr std::size_t kEnough = 64;
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  const std::string_view wanted = bytes.substr(0, kEnough);
  sqlite3_file* file = nullptr;
  sqlite3_int64 size = 0;
  if (wanted.size() < kEnough ||
      sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr ||
      file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
    return std::nullopt;
  }
  std::vector<char> block(kBlock + kEnough);
  for (sqlite3_int64 at = 0; at < size; at += static_cast<sqlite3_int64>(kBlock)) {
    const auto count = static_cast<std::size_t>(
        std::min<sqlite3_int64>(static_cast<sqlite3_int64>(block.size()), size - at));
    if (file->pMethods->xRead(file, block.data(), static_cast<int>(count), at) != SQLITE_OK) {
      return std::nullopt;
    }
    const std::size_t found = std::string_view(block.data(), count).find(wanted);
    if (found != std::string_view::npos) {
      return static_cast<std::uint64_t>(at) + found;
    }
  }
  return std::nullopt;
}

bool LedgerDatabase::exists(const std::string& path, const std::string& vfs) {
  sqlite3_vfs* found = sqlite3_vfs_find(name_or_default(vfs));
  int there = 0;
  return found != nullptr &&
         found->xAccess(found, path.c_str(), SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK &&
         there != 0;
}

Error LedgerDatabase::error() const {
  return error_of(handle_, path_);
}

}  // namespace fd
