#include "coordinator/ingest/gold_check.hpp"

#include <utility>

namespace fd {

Result<void> GoldCheck::add(const Sample& sample, const RowPlace& place) {
  const bool wanted = config_.kind == ExecKind::sqlite && config_.bad_gold == BadGold::refuse;
  if (!wanted || !sample.gold || sample.database.empty()) {
    return {};
  }
  FD_TRY(SqlSandbox * sandbox, open(sample.database));
  const SqlLimits limits = sql_limits(config_);
  FD_TRY(const SqlResult first, sandbox->run(*sample.gold, limits, sample.id.hex()));
  bool runs = first.status == ExecStatus::ok;
  for (auto gold = sample.more_golds.begin(); !runs && gold != sample.more_golds.end(); ++gold) {
    FD_TRY(const SqlResult other, sandbox->run(*gold, limits, sample.id.hex()));
    runs = other.status == ExecStatus::ok;
  }
  if (runs) {
    return {};
  }
  return bad_.add(place, config_.gold + ": " + std::string(name(first.status)) +
                             (first.message.empty() ? "" : ": " + first.message));
}

Result<SqlSandbox*> GoldCheck::open(const std::string& database) {
  if (auto* found = open_.find(database)) {
    return found->get();
  }
  FD_TRY(std::unique_ptr<SqlSandbox> opened, open_sqlite_sandbox(directory_ + "/" + database));
  return open_.put(database, std::move(opened), 0).get();
}

Result<void> GoldCheck::finish() const {
  const std::uint64_t count = bad_.count();
  if (count == 0) {
    return {};
  }
  return bad_.error(std::to_string(count) + (count == 1 ? " row has" : " rows have") +
                    " a gold that does not run (gates.exec.bad_gold is refuse):");
}

}  // namespace fd
