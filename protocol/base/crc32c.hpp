#pragma once

#include <cstdint>
#include <string_view>

namespace fd {

/// Returns the CRC-32C (Castagnoli, reflected, init and xorout 0xFFFFFFFF) of `bytes`, continued
/// from `crc` (0 to start). Source: RFC 3720 appendix B.4.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

/// Returns the same as crc32c() without the processor's CRC instruction: what crc32c() falls back
/// to.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace fd
