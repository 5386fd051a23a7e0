#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/records.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// What calls had cost, by CallIdentity::key(), as far as their prices are known.
using CallCosts = std::map<std::pair<SampleId, Digest>, double>;

/// The answers of one shard, by CallIdentity::order(); of each call the first.
struct EarlierAnswers {
  std::vector<Answer> answers;
  CallCosts costs;
};

/// Whether the run's lock is held already, or is to be taken while its ledger is read.
enum class LedgerLock { held, take };

/// Reads a shard of an earlier run: its files, and the ledger when they are not all there is.
/// Errors: busy (a coordinator is at work there), corrupt, naming the file; storage.
Result<EarlierAnswers> read_earlier_answers(const RunDir& dir, const std::string& run_id,
                                            std::uint32_t shard, LedgerLock lock);

}  // namespace fd
