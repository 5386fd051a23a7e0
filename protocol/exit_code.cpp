#include "protocol/exit_code.hpp"

namespace fd {

int exit_code_of(Errc code) {
  switch (code) {
    case Errc::invalid_input:
    case Errc::not_found:
      return kExitUsage;
    case Errc::bad_data:
      return kExitInput;
    case Errc::corrupt:
      return kExitCorrupt;
    case Errc::busy:
      return kExitBusy;
    case Errc::storage:
    case Errc::exhausted:
      return kExitStorage;
    case Errc::refused:
      return kExitRefused;
    case Errc::unavailable:
      return kExitNoEndpoint;
    case Errc::stale:
    case Errc::unsupported:
      return kExitMismatch;
  }
  return kExitBug;  // no Errc at all
}

}  // namespace fd
