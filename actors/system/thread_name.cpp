#include "actors/system/thread_name.hpp"

#include <pthread.h>

#include "protocol/base/result.hpp"

namespace fd {

void name_thread(const char* name) {
  FD_CHECK(pthread_setname_np(pthread_self(), name) == 0);
}

}  // namespace fd
