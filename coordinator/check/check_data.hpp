#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/check/check_report.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Checks the first rows of a job as a run would take them: ingests `limit` of them into
/// `directory`, an empty folder, copies their databases there, renders their prompts and runs their
/// golds. Adds what it finds to `report`. Returns a sample, the first by id; nothing when the input
/// is refused. Errors: storage. Requires: init_sqlite_accounting().
Result<std::optional<Sample>> check_data(const RunConfig& config, std::vector<InputSpec> inputs,
                                         std::uint64_t limit, const std::string& directory,
                                         std::uint32_t workers, CheckReport& report);

}  // namespace fd
