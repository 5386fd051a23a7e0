#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/ingest/row_contract.hpp"

namespace fd {

/// One valid row between the two passes of ingest.
struct SpilledRow {
  std::uint64_t line = 0;
  std::uint32_t file = 0;
  std::uint32_t database = 0;  ///< index + 1; 0: none
  std::vector<std::string_view> golds;
  std::string_view text;
  std::span<const MemberPlace> content;
  std::span<const MemberPlace> id_fields;
};

/// Appends the bytes that read_spilled() reads back. For this process only: no format.
void append_spilled(const SpilledRow& row, std::string& out);
/// Returns the row that `bytes` hold; `places` keeps what its spans point into.
/// Requires: append_spilled() wrote them. Lifetime: that of `bytes` and of `places`.
SpilledRow read_spilled(std::string_view bytes, std::vector<MemberPlace>& places);

}  // namespace fd
