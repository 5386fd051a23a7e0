#include "coordinator/ledger/tables.hpp"

#include <map>
#include <utility>

#include "coordinator/ledger/rows.hpp"

namespace fd {

Error ledger_row_error(const LedgerDatabase& database, const char* table, std::uint64_t row,
                       const std::string& what, Errc code) {
  return Error{code, database.path() + ": " + table + " row " +
                         std::to_string(static_cast<std::int64_t>(row)) + ": " + what};
}

Result<void> ledger_transaction(LedgerDatabase& database,
                                const std::function<Result<void>()>& change) {
  FD_TRY_VOID(database.exec("BEGIN IMMEDIATE"));
  Result<void> done = change();
  if (done.ok()) {
    done = database.exec("COMMIT");
  }
  if (!done.ok()) {
    database.rollback();
  }
  return done;
}

Result<void> insert_ledger_decision(LedgerDatabase& database, const Decision& decision) {
  FD_TRY(const std::uint64_t last, database.number("SELECT COALESCE(MAX(seq), 0) FROM decisions"));
  FD_TRY(LedgerStatement statement,
         database.prepare("INSERT INTO decisions(seq, kind, body, crc) VALUES(?, ?, ?, ?)"));
  return statement.bind(1, last + 1)
      .bind(2, static_cast<std::uint64_t>(decision.kind))
      .bind_blob(3, decision.body)
      .bind(4, ledger_crc(last + 1, decision))
      .run();
}

Result<std::optional<Record>> LedgerRecordReader::next() {
  FD_TRY(const bool found, rows_.step());
  if (!found) {
    return std::optional<Record>();
  }
  const std::uint64_t key = rows_.number(0);
  const bool same_shard = last_key_ && shard_of_ledger_key(*last_key_) == shard_of_ledger_key(key);
  const std::uint32_t expected = same_shard ? number_of_ledger_key(*last_key_) + 1 : 0;
  if (number_of_ledger_key(key) != expected || (last_key_ && key <= *last_key_)) {
    return ledger_row_error(database_, "records", key,
                            "a row of its shard is missing, number " + std::to_string(expected));
  }
  last_key_ = key;
  auto record = decode_ledger_row(key, rows_.bytes(1));
  if (!record.ok()) {
    const auto offset = database_.offset_of(rows_.bytes(1));
    return ledger_row_error(
        database_, "records", key,
        record.error().message + (offset ? " (byte " + std::to_string(*offset) + ")" : ""),
        record.error().code);
  }
  return std::optional<Record>(std::move(record).value());
}

Result<void> insert_ledger_record(LedgerStatement& insert, std::uint64_t key,
                                  const Record& record) {
  const std::string body = encode_ledger_row(key, record);
  return insert.bind(1, key).bind_blob(2, body).run();
}

Result<void> insert_ledger_lease(LedgerStatement& insert, const LeaseGranted& lease) {
  return insert.bind(1, lease.fence)
      .bind(2, lease.shard)
      .bind_text(3, lease.worker)
      .bind(4, lease.incarnation)
      .bind(5, ledger_crc(lease))
      .run();
}

Result<LedgerLeases> read_ledger_leases(LedgerDatabase& database) {
  FD_TRY(
      LedgerStatement statement,
      database.prepare("SELECT fence, shard, worker, incarnation, crc FROM leases ORDER BY fence"));
  LedgerLeases leases;
  std::map<std::uint32_t, LeaseGranted> last;
  for (;;) {
    FD_TRY(const bool found, statement.step());
    if (!found) {
      break;
    }
    LeaseGranted lease;
    lease.fence = statement.number(0);
    lease.shard = static_cast<std::uint32_t>(statement.number(1));
    lease.worker = statement.bytes(2);
    lease.incarnation = statement.number(3);
    if (statement.number(1) != lease.shard || statement.number(4) != ledger_crc(lease)) {
      return ledger_row_error(database, "leases", lease.fence, "the checksum does not match");
    }
    if (static_cast<std::int64_t>(lease.fence) <= 0) {
      return ledger_row_error(database, "leases", lease.fence, "its fence is not positive");
    }
    leases.last_fence = lease.fence;
    last[lease.shard] = std::move(lease);
  }
  for (auto& [shard, lease] : last) {
    leases.last.push_back(std::move(lease));
  }
  return leases;
}

Result<std::uint64_t> read_ledger_epoch(LedgerDatabase& database) {
  FD_TRY(LedgerStatement statement,
         database.prepare("SELECT epoch, start, crc FROM epochs ORDER BY epoch"));
  std::uint64_t epoch = 0;
  for (;;) {
    FD_TRY(const bool found, statement.step());
    if (!found) {
      return epoch;
    }
    epoch = statement.number(0);
    if (statement.number(2) != ledger_crc(epoch, statement.number(1))) {
      return ledger_row_error(database, "epochs", epoch, "the checksum does not match");
    }
    if (static_cast<std::int64_t>(epoch) <= 0) {
      return ledger_row_error(database, "epochs", epoch, "it is not positive");
    }
  }
}

Result<std::uint64_t> add_ledger_epoch(LedgerDatabase& database, std::uint64_t start,
                                       std::uint64_t last_fence) {
  std::uint64_t epoch = 0;
  FD_TRY_VOID(ledger_transaction(database, [&]() -> Result<void> {
    FD_TRY(const std::uint64_t highest, read_ledger_epoch(database));
    epoch = highest + 1;
    FD_TRY(LedgerStatement statement,
           database.prepare("INSERT INTO epochs(epoch, start, crc) VALUES(?, ?, ?)"));
    FD_TRY_VOID(statement.bind(1, epoch).bind(2, start).bind(3, ledger_crc(epoch, start)).run());
    return insert_ledger_decision(database, decision(StartMade{epoch, last_fence}));
  }));
  return epoch;
}

namespace {

/// Calls `take` with every decision, oldest first, each checked.
Result<void> each_decision(LedgerDatabase& database,
                           const std::function<Result<void>(const Decision& decision)>& take) {
  FD_TRY(LedgerStatement statement,
         database.prepare("SELECT seq, kind, body, crc FROM decisions ORDER BY seq"));
  for (std::uint64_t last = 0;; ++last) {
    FD_TRY(const bool found, statement.step());
    if (!found) {
      return {};
    }
    const std::uint64_t seq = statement.number(0);
    const std::uint64_t kind = statement.number(1);
    const Decision decision{static_cast<DecisionKind>(kind), std::string(statement.bytes(2))};
    if (seq != last + 1) {
      return ledger_row_error(database, "decisions", seq, "a row before it is missing");
    }
    if (kind > UINT8_MAX || statement.number(3) != ledger_crc(seq, decision)) {
      return ledger_row_error(database, "decisions", seq, "the checksum does not match");
    }
    if (decision.kind != DecisionKind::share && decision.kind != DecisionKind::start) {
      return ledger_row_error(database, "decisions", seq,
                              "is of kind " + std::to_string(kind) +
                                  ", which this program does not have: go on with the program "
                                  "that wrote it",
                              Errc::unsupported);
    }
    if (const auto taken = take(decision); !taken.ok()) {
      return ledger_row_error(database, "decisions", seq, taken.error().message,
                              taken.error().code);
    }
  }
}

}  // namespace

Result<OpenShares> open_shares(LedgerDatabase& database) {
  OpenShares open;
  FD_TRY_VOID(each_decision(database, [&](const Decision& decision) -> Result<void> {
    if (decision.kind != DecisionKind::share) {
      return {};
    }
    FD_TRY(ShareGranted share, share_of(decision));
    if (share.calls == 0) {
      open.erase(share.incarnation);
    } else {
      open[share.incarnation] = std::move(share);
    }
    return {};
  }));
  return open;
}

Result<std::vector<StartMade>> read_ledger_starts(LedgerDatabase& database) {
  std::vector<StartMade> starts;
  FD_TRY_VOID(each_decision(database, [&](const Decision& decision) -> Result<void> {
    if (decision.kind != DecisionKind::start) {
      return {};
    }
    FD_TRY(const StartMade start, start_of(decision));
    if (!starts.empty() &&
        (start.epoch <= starts.back().epoch || start.last_fence < starts.back().last_fence)) {
      return Error{Errc::corrupt, "a start stands behind a later one"};
    }
    starts.push_back(start);
    return {};
  }));
  return starts;
}

}  // namespace fd
