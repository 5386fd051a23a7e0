#pragma once

#include <cstdint>

namespace fd {

/// Rises with every change after which an equal config and equal recorded answers give other bytes
/// in a file that docs/contract.md calls identical: another rule of cleaning, a verdict, an order,
/// a member of a line. run.json has it: a run of another version is not gone on with, since half of
/// its shards would follow other rules, and verify does not repeat its merge.
inline constexpr std::uint32_t kOutputVersion = 4;

}  // namespace fd
