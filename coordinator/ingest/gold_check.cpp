#include "coordinator/ingest/gold_check.hpp"

#include <utility>

namespace fd {

Result<SqlResult> GoldRunner::run(const Sample& sample) {
  FD_TRY(SqlSandbox * sandbox, open(sample.database));
  FD_TRY(SqlResult first, sandbox->run(*sample.gold, limits_, sample.id.hex()));
  if (first.status == ExecStatus::ok) {
    return first;
  }
  for (const std::string& gold : sample.more_golds) {
    FD_TRY(SqlResult other, sandbox->run(gold, limits_, sample.id.hex()));
    if (other.status == ExecStatus::ok) {
      return other;
    }
  }
  return first;
}

Result<SqlSandbox*> GoldRunner::open(const std::string& database) {
  if (auto* found = open_.find(database)) {
    return found->get();
  }
  FD_TRY(std::unique_ptr<SqlSandbox> opened, open_sqlite_sandbox(directory_ + "/" + database));
  return open_.put(database, std::move(opened), 0).get();
}

Result<void> GoldCheck::add(const Sample& sample, const RowPlace& place) {
  const bool wanted = config_.kind == ExecKind::sqlite && config_.bad_gold == BadGold::refuse;
  if (!wanted || !sample.gold || sample.database.empty()) {
    return {};
  }
  FD_TRY(const SqlResult ran, runner_.run(sample));
  if (ran.status == ExecStatus::ok) {
    return {};
  }
  return bad_.add(place, config_.gold + ": " + std::string(name(ran.status)) +
                             (ran.message.empty() ? "" : ": " + ran.message));
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
