#pragma once

#include <cstdint>

namespace fd {

/// Returns 64 random bits of the kernel. Thread: any.
std::uint64_t random_u64();

/// Returns a number for a process that holds leases or a journal: it rises with time (milliseconds
/// since 1970 in the upper 44 bits), and differs between two processes of one moment (the other 20
/// bits are random). With `before`, that of the process before, it is higher than that one even if
/// the clock was set back. Thread: any.
std::uint64_t new_incarnation(std::uint64_t before = 0);

}  // namespace fd
