#pragma once

#include <cstdint>

namespace fd {

/// Returns 64 random bits of the kernel. Thread: any.
std::uint64_t random_u64();

/// Returns a number for a process that holds leases or a journal: it rises with time (milliseconds
/// since 1970 in the upper 44 bits), and differs between two processes of one moment (the other 20
/// bits are random). Only compared while both processes of one name live. Thread: any.
std::uint64_t new_incarnation();

}  // namespace fd
