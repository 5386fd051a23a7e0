#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// How much the exec stage keeps: open databases, and results of gold queries.
inline constexpr std::size_t kOpenDatabasesMax = 32;
inline constexpr std::size_t kGoldCacheMax = 1024;
inline constexpr std::size_t kGoldCacheBytesMax = 64u << 20;
/// How often a statement is tried when there is trouble with its database, opened anew each time.
inline constexpr int kReadTriesMax = 3;

/// Opens the sandbox for the database with this digest (hexadecimal).
using SandboxOpener =
    std::function<Result<std::unique_ptr<SqlSandbox>>(const std::string& database)>;
/// Runs candidates that passed the rules, and the gold (once per database and text: results are
/// cached, least recently used goes first), and compares. A sample without a database gets exec
/// error "no_database". Where a database cannot be opened or read, also not after kReadTriesMax
/// tries, the sample fails (Reason::internal) without any evidence, and nothing of it is cached; an
/// interrupted one is WorkItem::interrupted.
std::unique_ptr<Stage> make_exec_stage(const RunConfig& config, SandboxOpener opener);

}  // namespace fd
