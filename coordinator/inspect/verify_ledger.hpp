#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/result.hpp"

namespace fd {

/// What a check of a ledger found.
struct LedgerCheck {
  std::uint64_t rows = 0;             ///< records and leases; 0 when it is damaged
  std::optional<std::string> damage;  ///< what is wrong, and where
  std::uint64_t damage_at = 0;        ///< the byte, where it is known
  std::optional<std::string> unread;  ///< why this version cannot read it
};

/// Reads the ledger of a run that nobody works on from end to end, without changing it.
/// Errors: storage; busy.
Result<LedgerCheck> check_ledger(const std::string& path, const std::string& run_id);

}  // namespace fd
