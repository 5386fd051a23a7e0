#include "coordinator/ledger/schema.hpp"

#include <array>
#include <charconv>

#include "actors/system/failpoint.hpp"
#include "coordinator/ledger/tables.hpp"

namespace fd {
namespace {

struct LedgerTable {
  const char* name;
  const char* sql;  ///< as SQLite keeps it, too
};

// Rows are only ever added (docs/protocol.md).
constexpr std::array kTables = {
    LedgerTable{"records", "CREATE TABLE records(seq INTEGER PRIMARY KEY, body BLOB NOT NULL)"},
    LedgerTable{
        "leases",
        "CREATE TABLE leases(fence INTEGER PRIMARY KEY, shard INTEGER NOT NULL, worker TEXT NOT "
        "NULL, incarnation INTEGER NOT NULL, crc INTEGER NOT NULL)"},
    LedgerTable{
        "epochs",
        "CREATE TABLE epochs(epoch INTEGER PRIMARY KEY, start INTEGER NOT NULL, crc INTEGER NOT "
        "NULL)"},
    LedgerTable{
        "decisions",
        "CREATE TABLE decisions(seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, body BLOB NOT "
        "NULL, crc INTEGER NOT NULL)"},
    LedgerTable{"meta",
                "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"},
};

constexpr const char* kRunId = "SELECT value FROM meta WHERE key = 'run_id'";
constexpr const char* kLedgerId = "SELECT value FROM meta WHERE key = 'ledger_id'";

Error corrupt(const LedgerDatabase& database, const std::string& what) {
  return Error{Errc::corrupt, database.path() + ": " + what};
}

/// Every table stands there word for word: a damaged definition would read rows as something else.
Result<void> check_tables(LedgerDatabase& database) {
  FD_TRY(LedgerStatement statement,
         database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"));
  for (const LedgerTable& table : kTables) {
    statement.bind_text(1, table.name);
    FD_TRY(const bool found, statement.step());
    if (!found || statement.bytes(0) != table.sql) {
      return corrupt(database, std::string("table ") + table.name +
                                   (found ? " is not what this version made" : " is missing"));
    }
    statement.reset();
  }
  FD_TRY(const bool others,
         database.any("SELECT 1 FROM sqlite_schema WHERE name NOT IN ('records', 'leases', "
                      "'epochs', 'decisions', 'meta')"));
  return others ? Result<void>(corrupt(database, "has a table or an index that is not its own"))
                : Result<void>();
}

}  // namespace

Result<bool> is_ledger(LedgerDatabase& database, const std::string& run_id) {
  FD_TRY(const std::uint64_t version, database.number("PRAGMA user_version"));
  if (version == 0) {
    FD_TRY(const bool tables, database.any("SELECT 1 FROM sqlite_schema"));
    return tables ? Result<bool>(corrupt(database, "is a database, but no ledger"))
                  : Result<bool>(false);
  }
  if (version != kLedgerSchema) {
    return Error{Errc::unsupported,
                 database.path() + ": is a ledger of schema " + std::to_string(version) +
                     ", this program reads " + std::to_string(kLedgerSchema) +
                     ": go on with the version that began the run, or begin a new one"};
  }
  FD_TRY_VOID(check_tables(database));
  FD_TRY(const std::string owner, database.text(kRunId));
  if (owner != run_id) {
    return corrupt(database, "is the ledger of run '" + owner + "', not of '" + run_id + "'");
  }
  return true;
}

Result<void> make_ledger(LedgerDatabase& database, const std::string& run_id,
                         std::uint64_t ledger_id) {
  return ledger_transaction(database, [&]() -> Result<void> {
    for (const LedgerTable& table : kTables) {
      FD_TRY_VOID(database.exec(table.sql));
    }
    FD_TRY(LedgerStatement statement,
           database.prepare("INSERT INTO meta(key, value) VALUES('run_id', ?), ('ledger_id', ?)"));
    FD_TRY_VOID(statement.bind_text(1, run_id).bind_text(2, std::to_string(ledger_id)).run());
    FD_FAILPOINT("k02.ledger_schema_made");
    return database.exec(("PRAGMA user_version=" + std::to_string(kLedgerSchema)).c_str());
  });
}

Result<std::uint64_t> ledger_id_of(LedgerDatabase& database) {
  FD_TRY(const std::string text, database.text(kLedgerId));
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id == 0) {
    return corrupt(database, "its ledger_id is none");
  }
  return id;
}

}  // namespace fd
