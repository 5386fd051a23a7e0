#include "actors/system/process_privacy.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace fd {

void keep_process_private() {
#ifdef NDEBUG
  // The limit alone does not keep a core from a program that the kernel pipes it to; both can only
  // fail where the kernel knows no core dumps.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace fd
