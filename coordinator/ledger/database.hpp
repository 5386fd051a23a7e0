#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "actors/system/clock.hpp"
#include "protocol/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace fd {

/// A prepared statement. Numbers are from 1 for parameters and from 0 for columns, as in SQLite.
/// Lifetime: not longer than its LedgerDatabase. Thread: one at a time.
class LedgerStatement {
 public:
  LedgerStatement() = default;
  ~LedgerStatement();
  LedgerStatement(LedgerStatement&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), path_(std::move(other.path_)) {}
  LedgerStatement& operator=(LedgerStatement&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(path_, other.path_);
    return *this;
  }

  /// Binds a whole number, bit for bit (SQLite's are signed).
  LedgerStatement& bind(int parameter, std::uint64_t value);
  /// Binds a byte string. Lifetime: `bytes` stay until reset().
  LedgerStatement& bind_blob(int parameter, std::string_view bytes);
  /// Binds a text. Lifetime: `text` stays until reset().
  LedgerStatement& bind_text(int parameter, std::string_view text);
  /// Moves to the next row; returns whether there is one. Errors: as LedgerDatabase::error().
  Result<bool> step();
  /// Runs to the end, whatever rows are left, and makes ready for other parameters. What a
  /// statement changes is there only when this returned: a PRAGMA gives its row first and commits
  /// behind it. Errors: as step().
  Result<void> run();
  /// Makes ready for other parameters.
  void reset();

  /// Returns a column as a whole number, bit for bit.
  [[nodiscard]] std::uint64_t number(int column) const;
  /// Returns a column's bytes. Lifetime: until the next step() or reset().
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  friend class LedgerDatabase;
  sqlite3_stmt* handle_ = nullptr;
  std::string path_;  ///< of the database: for errors
};

/// One SQLite connection: what the ledger needs of it. Errors of all members name the file: corrupt
/// (no database, damaged, or not with what we wrote), busy (another process holds it), storage
/// (everything else).
class LedgerDatabase {
 public:
  /// Opens or makes a database for writing. Until settle_on_close(true) closing leaves the files as
  /// they are.
  static Result<LedgerDatabase> open(const std::string& path, const std::string& vfs,
                                     Duration busy_timeout);
  /// Opens a database for reading. Without a write-ahead log beside it nothing is locked and
  /// nothing is made. Errors: also not_found.
  static Result<LedgerDatabase> open_read_only(const std::string& path, const std::string& vfs = "",
                                               Duration busy_timeout = std::chrono::seconds(2));
  ~LedgerDatabase();
  LedgerDatabase(LedgerDatabase&& other) noexcept
      : path_(std::move(other.path_)),
        vfs_(std::move(other.vfs_)),
        wal_pages_(std::move(other.wal_pages_)),
        handle_(std::exchange(other.handle_, nullptr)),
        at_rest_(other.at_rest_) {}
  LedgerDatabase& operator=(LedgerDatabase&&) = delete;

  /// Runs statements that give no rows.
  Result<void> exec(const char* sql);
  Result<LedgerStatement> prepare(const char* sql);
  /// Runs a query and returns the first column of its first row; 0 or nothing without one.
  Result<std::uint64_t> number(const char* sql);
  Result<std::string> text(const char* sql);
  /// Returns whether a query has a row.
  Result<bool> any(const char* sql);

  /// Ends the transaction under way, if there is one, without its changes.
  void rollback();
  /// Copies the committed content to another file, durably and all at once.
  Result<void> copy_to(const std::string& path);
  /// Moves what the write-ahead log has into the database file.
  Result<void> checkpoint();
  /// Returns the pages in the write-ahead log after the last commit.
  [[nodiscard]] int wal_pages() const { return *wal_pages_; }
  /// Closing moves everything into the database file and removes the write-ahead log, or leaves
  /// both as they are.
  void settle_on_close(bool settle);

  /// Returns whether somebody opened, for writing, what open_read_only() found at rest: then what
  /// was read may be of several moments.
  [[nodiscard]] bool changed_meanwhile() const { return at_rest_ && !is_at_rest(); }

  /// Returns where in the database file `bytes` stand, if they do.
  std::optional<std::uint64_t> offset_of(std::string_view bytes);
  /// Returns whether a file is there, as SQLite sees it.
  [[nodiscard]] static bool exists(const std::string& path, const std::string& vfs);

  /// Returns what SQLite said last, with the file's name in front.
  [[nodiscard]] Error error() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  LedgerDatabase(std::string path, std::string vfs)
      : path_(std::move(path)), vfs_(std::move(vfs)) {}
  [[nodiscard]] bool is_at_rest() const;
  Result<void> connect(const std::string& name, int flags, Duration busy_timeout);

  std::string path_;
  std::string vfs_;
  std::unique_ptr<int> wal_pages_ = std::make_unique<int>(0);  ///< SQLite keeps its address
  sqlite3* handle_ = nullptr;
  bool at_rest_ = false;  ///< opened without locks, as nobody had it open
};

}  // namespace fd
