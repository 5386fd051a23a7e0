#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/stages/gold_cache.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// How many databases an exec stage keeps open.
inline constexpr std::size_t kOpenDatabasesMax = 32;
/// How often a statement is tried when there is trouble with its database, opened anew each time.
inline constexpr int kReadTriesMax = 3;

/// Opens the sandbox for the database with this digest (hexadecimal).
using SandboxOpener =
    std::function<Result<std::unique_ptr<SqlSandbox>>(const std::string& database)>;
/// Runs candidates that passed the rules, and the gold (once per database and text: results are
/// cached, least recently used goes first), and compares. A sample without a database gets exec
/// error "no_database". Where a database cannot be opened or read, also not after kReadTriesMax
/// tries, the sample fails (Reason::internal) without any evidence, and nothing of it is cached; an
/// interrupted one is WorkItem::interrupted. Of a sample without candidates it runs the gold alone.
/// `golds` is shared with other exec stages of the run; null: it has a cache of its own.
std::unique_ptr<Stage> make_exec_stage(const RunConfig& config, SandboxOpener opener,
                                       std::shared_ptr<GoldCache> golds = nullptr);

/// Returns whether a sample passes exec before its calls, so that nothing is asked about one whose
/// gold does not run (gates.exec.bad_gold).
bool gold_comes_first(const RunConfig& config, const Sample& sample);

}  // namespace fd
