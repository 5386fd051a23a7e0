#include "coordinator/text/exit_code.hpp"

#include <cstdio>

namespace fd {

int exit_code_of(Errc code) {
  switch (code) {
    case Errc::invalid_input:
      return kExitUsage;
    case Errc::corrupt:
      return kExitCorrupt;
    case Errc::busy:
      return 6;
    case Errc::storage:
      return 7;
    case Errc::refused:
      return 8;
    case Errc::stale:
      return kExitOtherRun;
    case Errc::not_found:
    case Errc::unsupported:
      return kExitUsage;
    default:
      return 70;
  }
}

int report_failure(const Error& error) {
  return report_failure(error, exit_code_of(error.code));
}

int report_failure(const Error& error, int code) {
  std::fprintf(stderr, "fd-coordinator: %s\n", error.message.c_str());
  return code;
}

}  // namespace fd
