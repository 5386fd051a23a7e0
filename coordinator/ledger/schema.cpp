#include "coordinator/ledger/schema.hpp"

#include <array>
#include <map>

#include "actors/system/failpoint.hpp"
#include "coordinator/ledger/rows.hpp"
#include "coordinator/ledger/tables.hpp"

namespace fd {
namespace {

struct Table {
  const char* name;
  const char* sql;  ///< as SQLite keeps it, too
};

// Rows are only ever added (docs/protocol.md).
constexpr std::array kTables = {
    Table{"records", "CREATE TABLE records(seq INTEGER PRIMARY KEY, body BLOB NOT NULL)"},
    Table{"leases",
          "CREATE TABLE leases(fence INTEGER PRIMARY KEY, shard INTEGER NOT NULL, worker TEXT NOT "
          "NULL, incarnation INTEGER NOT NULL, crc INTEGER NOT NULL)"},
    Table{"epochs", "CREATE TABLE epochs(epoch INTEGER PRIMARY KEY, crc INTEGER NOT NULL)"},
    Table{"meta", "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"},
};

constexpr const char* kRunId = "SELECT value FROM meta WHERE key = 'run_id'";

Error corrupt(const LedgerDatabase& database, const std::string& what) {
  return Error{Errc::corrupt, database.path() + ": " + what};
}

/// Every table stands there word for word: a damaged definition would read rows as something else.
Result<void> check_tables(LedgerDatabase& database) {
  FD_TRY(LedgerStatement statement,
         database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"));
  for (const Table& table : kTables) {
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
                      "'epochs', 'meta')"));
  return others ? Result<void>(corrupt(database, "has a table or an index that is not its own"))
                : Result<void>();
}

Result<void> create_tables(LedgerDatabase& database, const std::string& run_id) {
  for (const Table& table : kTables) {
    FD_TRY_VOID(database.exec(table.sql));
  }
  FD_TRY(LedgerStatement statement,
         database.prepare("INSERT INTO meta(key, value) VALUES('run_id', ?)"));
  FD_TRY_VOID(statement.bind_text(1, run_id).run());
  FD_FAILPOINT("k02.ledger_schema_made");
  return database.exec(("PRAGMA user_version=" + std::to_string(kLedgerSchema)).c_str());
}

// --- from schema 1 ----------------------------------------------------------------------------

Result<void> migrate_records(LedgerDatabase& database) {
  FD_TRY(LedgerStatement old,
         database.prepare("SELECT seq, shard, body FROM records_1 ORDER BY seq"));
  FD_TRY(LedgerStatement insert, database.prepare(kInsertLedgerRecord));
  std::map<std::uint64_t, std::uint64_t> next;  // number, by shard
  for (;;) {
    FD_TRY(const bool found, old.step());
    if (!found) {
      return {};
    }
    const std::uint64_t shard = old.number(1);
    auto record = decode_record(old.bytes(2));
    if (!record.ok() || record->shard != shard) {
      return ledger_row_error(database, "records", old.number(0),
                              record.ok() ? "of another shard" : record.error().message);
    }
    FD_TRY(const std::uint64_t key, ledger_key(shard, next[shard]++));
    FD_TRY_VOID(insert_ledger_record(insert, key, *record));
  }
}

/// Schema 1 did not say which incarnation had a lease: 0 is none's.
Result<void> migrate_leases(LedgerDatabase& database) {
  FD_TRY(LedgerStatement old,
         database.prepare("SELECT fence, shard, worker FROM leases_1 ORDER BY fence"));
  FD_TRY(LedgerStatement insert, database.prepare(kInsertLedgerLease));
  for (;;) {
    FD_TRY(const bool found, old.step());
    if (!found) {
      return {};
    }
    LeaseGranted lease;
    lease.fence = old.number(0);
    lease.shard = static_cast<std::uint32_t>(old.number(1));
    lease.worker = old.bytes(2);
    FD_TRY_VOID(insert_ledger_lease(insert, lease));
  }
}

Result<void> migrate_epochs(LedgerDatabase& database) {
  FD_TRY(LedgerStatement old, database.prepare("SELECT epoch FROM epochs_1 ORDER BY epoch"));
  for (;;) {
    FD_TRY(const bool found, old.step());
    if (!found) {
      return {};
    }
    FD_TRY_VOID(insert_ledger_epoch(database, old.number(0)));
  }
}

Result<void> migrate(LedgerDatabase& database, const std::string& run_id) {
  FD_TRY_VOID(
      database.exec("ALTER TABLE records RENAME TO records_1;"
                    "ALTER TABLE leases RENAME TO leases_1;"
                    "ALTER TABLE epochs RENAME TO epochs_1;"));
  FD_TRY_VOID(create_tables(database, run_id));
  FD_TRY_VOID(migrate_records(database));
  FD_TRY_VOID(migrate_leases(database));
  FD_TRY_VOID(migrate_epochs(database));
  return database.exec("DROP TABLE records_1; DROP TABLE leases_1; DROP TABLE epochs_1;");
}

}  // namespace

Result<LedgerContent> inspect_ledger(LedgerDatabase& database, const std::string& run_id) {
  FD_TRY(const std::uint64_t version, database.number("PRAGMA user_version"));
  if (version > kLedgerSchema) {
    return Error{Errc::unsupported, database.path() + ": written by a newer version (schema " +
                                        std::to_string(version) + ", this program knows " +
                                        std::to_string(kLedgerSchema) + ")"};
  }
  if (version == 0) {
    FD_TRY(const bool tables, database.any("SELECT 1 FROM sqlite_schema"));
    return tables ? Result<LedgerContent>(corrupt(database, "is a database, but no ledger"))
                  : Result<LedgerContent>(LedgerContent::nothing);
  }
  FD_TRY(const bool meta, database.any("SELECT 1 FROM sqlite_schema WHERE name = 'meta'"));
  if (version == 1) {
    return meta ? Result<LedgerContent>(
                      corrupt(database, "says schema 1 and has a later one's tables"))
                : Result<LedgerContent>(LedgerContent::schema_1);
  }
  FD_TRY_VOID(check_tables(database));
  FD_TRY(const std::string owner, database.text(kRunId));
  if (owner != run_id) {
    return corrupt(database, "is the ledger of run '" + owner + "', not of '" + run_id + "'");
  }
  return LedgerContent::current;
}

Result<void> make_ledger_current(LedgerDatabase& database, LedgerContent content,
                                 const std::string& run_id) {
  switch (content) {
    case LedgerContent::current:
      return {};
    case LedgerContent::nothing:
      return ledger_transaction(database, [&] { return create_tables(database, run_id); });
    case LedgerContent::schema_1:
      break;
  }
  FD_TRY_VOID(database.copy_to(database.path() + kLedgerBackupSuffix));
  return ledger_transaction(database, [&] { return migrate(database, run_id); });
}

}  // namespace fd
