#include "coordinator/text/exit_code.hpp"

#include "actors/system/process.hpp"

namespace fd {

int exit_code_of(Errc code) {
  switch (code) {
    case Errc::invalid_input:
    case Errc::not_found:
      return kExitUsage;
    case Errc::corrupt:
      return kExitCorrupt;
    case Errc::busy:
      return kExitBusy;
    case Errc::storage:
      return kExitStorage;
    case Errc::refused:
      return kExitRefused;
    case Errc::stale:
    case Errc::unsupported:
      return kExitMismatch;
    default:
      return kExitBug;
  }
}

int report_failure(const Error& error) {
  return report_failure(error, exit_code_of(error.code));
}

int report_failure(const Error& error, int code) {
  return fail("fd-coordinator", error, code);
}

}  // namespace fd
