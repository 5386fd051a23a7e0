#pragma once

#include <string>

#include "coordinator/inspect/verification.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Recomputes every digest of a run, the conservation law and order, and everything that the merge
/// derived. Changes nothing in the run's folder, and keeps coordinators out of it meanwhile.
/// Memory: a shard, and the names of the files. Errors: not_found (no run's folder); busy (exit 6:
/// a coordinator holds it); stale (exit 11: read_run_facts()); storage. Damage is no error: it is
/// in the report.
Result<VerifyReport> verify_run(const RunDir& dir);

/// Returns the summary for standard output, without the problems.
std::string render_verify(const VerifyReport& report, const RunDir& dir);
/// Returns the problems for standard error, one a line: file, byte, what; empty without any.
std::string render_problems(const VerifyReport& report);

}  // namespace fd
