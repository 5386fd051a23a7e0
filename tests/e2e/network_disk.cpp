// Preloaded by exit_codes_test.py: every folder lies on NFS, as far as statfs(2) tells.

#include <dlfcn.h>
#include <linux/magic.h>
#include <sys/vfs.h>

extern "C" int statfs(const char* path, struct statfs* status) {
  using Statfs = int (*)(const char*, struct statfs*);
  static const auto real = reinterpret_cast<Statfs>(::dlsym(RTLD_NEXT, "statfs"));
  const int result = real(path, status);
  status->f_type = NFS_SUPER_MAGIC;
  return result;
}
