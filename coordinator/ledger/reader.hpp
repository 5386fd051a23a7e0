#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Returns the records of a shard from the ledger of a run that nobody works on, in the order of
/// their commits, without changing the ledger. Requires: the run's folder is locked.
/// Errors: corrupt, naming the row; unsupported (another version's ledger); storage.
Result<std::vector<Record>> read_earlier_ledger(const std::string& path, const std::string& run_id,
                                                std::uint32_t shard);

}  // namespace fd
