#pragma once

#include <cstdio>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

/// Writes to standard output, which may be buffered. Errors: storage.
inline Result<void> print_out(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size()
             ? Result<void>()
             : Error{Errc::storage, "cannot write to standard output"};
}

/// Writes what is buffered. Errors: storage.
inline Result<void> flush_out() {
  return std::fflush(stdout) == 0 ? Result<void>()
                                  : Error{Errc::storage, "cannot write to standard output"};
}

}  // namespace fd
