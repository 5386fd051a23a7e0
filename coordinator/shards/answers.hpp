#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Returns what lies in the folder of a shard with failed samples and may not be in the ledger: the
/// answers and the calls of a replay that mended only a part of it, or was cut off.
/// `folder` is the shard's; a pending or committed shard has none.
/// Errors: corrupt, naming the file; storage.
Result<std::vector<Record>> answers_in_folder(const std::string& folder, std::uint32_t shard);

}  // namespace fd
