#pragma once

#include <optional>

#include "coordinator/inspect/verify_shards.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// raw and canonical are digests of lines that are not kept: what can be checked is that each
/// manifest is the text of what it says, and says what run.json and its neighbours say.
/// Requires: `shards` has verified all shards; its digest of samples ends here. Errors: storage.
Result<void> verify_input_stages(const RunDir& dir, const std::optional<RunTruth>& truth,
                                 ShardVerifier& shards, Verification& verification);

}  // namespace fd
