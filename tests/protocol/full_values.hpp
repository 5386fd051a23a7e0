#pragma once

#include <cstdint>

#include "protocol/journal.hpp"
#include "protocol/messages.hpp"

namespace fd::testing_support {

/// Returns 32 bytes of this value.
Digest digest_of(std::uint8_t fill);

/// Returns an M with every member set, no two of one type to the same (but for truth values).
/// M: any record that is written on its own.
template <class M>
M full();

}  // namespace fd::testing_support
