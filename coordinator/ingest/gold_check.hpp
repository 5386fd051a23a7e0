#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/system/least_recently_used.hpp"
#include "coordinator/ingest/refusals.hpp"
#include "protocol/base/result.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Runs the golds of rows in their databases, under the limits that exec has. Thread: one at a
/// time.
class GoldRunner {
 public:
  /// `directory`: the run's databases/. Lifetime: `config` outlives it.
  GoldRunner(const ExecConfig& config, std::string directory)
      : limits_(sql_limits(config)), directory_(std::move(directory)) {}

  /// Runs the golds of a row up to the first that runs. Returns what that gave, or the first where
  /// none runs. Errors: trouble with the database. Requires: the row has gold.
  Result<SqlResult> run(const Sample& sample);

 private:
  static constexpr std::size_t kOpenMax = 32;
  Result<SqlSandbox*> open(const std::string& database);

  SqlLimits limits_;
  std::string directory_;
  LeastRecentlyUsed<std::unique_ptr<SqlSandbox>> open_{kOpenMax, 1};
};

/// The pass over all rows that gates.exec.bad_gold `refuse` asks for. Thread: one at a
/// time.
class GoldCheck {
 public:
  /// `directory`: the run's databases/. Lifetime: `config` outlives it.
  GoldCheck(const ExecConfig& config, std::string directory)
      : config_(config), runner_(config, std::move(directory)) {}

  /// Looks whether a gold of the row runs, if the config asks for it and the row has
  /// gold and a database. Errors: trouble with the database, or storage.
  Result<void> add(const Sample& sample, const RowPlace& place);
  /// Errors: invalid_input, listing the rows whose gold does not run.
  [[nodiscard]] Result<void> finish() const;

 private:
  const ExecConfig& config_;
  GoldRunner runner_;
  Refusals bad_{""};
};

}  // namespace fd
