#include <string_view>

#include <sqlite3.h>

#include "actors/sandbox/sqlite_connection.hpp"

namespace fd {

/// SQLite's own check, as far as it is about pages: a value that a constraint forbids is no damage.
Result<void> SqliteConnection::check_pages() {
  sqlite3_set_authorizer(database_.get(), nullptr, nullptr);
  sqlite3_stmt* raw = nullptr;
  const int prepared =
      sqlite3_prepare_v2(database_.get(), "PRAGMA quick_check(1)", -1, &raw, nullptr);
  const Statement statement(raw);
  if (prepared != SQLITE_OK) {
    // A table may use what only its owner's program has, a function in a check for example.
    return is_trouble(prepared) ? Result<void>(error_of(prepared)) : Result<void>();
  }
  const int code = sqlite3_step(raw);
  if (is_trouble(code)) {
    return error_of(code);
  }
  const auto* text =
      code == SQLITE_ROW ? reinterpret_cast<const char*>(sqlite3_column_text(raw, 0)) : nullptr;
  // Damaged pages are reported first, and so.
  constexpr std::string_view kDamage = "*** in database main ***\n";
  if (text != nullptr && std::string_view(text).starts_with(kDamage)) {
    return Error{Errc::corrupt, path_ + ": " + (text + kDamage.size())};
  }
  return {};
}

Result<void> check_sqlite_database(const std::string& path) {
  init_sqlite_accounting();
  StepMeter meter;
  FD_TRY(const auto connection,
         SqliteConnection::open(path, SqliteConnection::Kind::short_values, meter));
  return connection->check_pages();
}

}  // namespace fd
