#include "actors/system/open_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <sys/resource.h>

namespace fd {

Result<std::uint64_t> open_files_goal(std::uint64_t soft, std::uint64_t hard,
                                      std::uint64_t needed) {
  const std::uint64_t goal = std::max(soft, std::min(hard, kOpenFilesMax));
  if (goal < needed) {
    return Error{Errc::invalid_input, "at most " + std::to_string(goal) +
                                          " open files are allowed here, and " +
                                          std::to_string(needed) + " are needed (ulimit -n)"};
  }
  return goal;
}

Result<std::uint64_t> raise_open_files(std::uint64_t needed) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Error{Errc::invalid_input,
                 std::string("cannot read the limit of open files: ") + std::strerror(errno)};
  }
  FD_TRY(const std::uint64_t goal, open_files_goal(limit.rlim_cur, limit.rlim_max, needed));
  limit.rlim_cur = goal;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Error{Errc::invalid_input,
                 std::string("cannot raise the limit of open files: ") + std::strerror(errno)};
  }
  return goal;
}

std::uint32_t calls_within(std::uint64_t open_files, std::uint32_t asked) {
  const auto most = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(open_files - kOpenFilesBesideCalls, UINT32_MAX));
  return asked == 0 ? most : std::min(asked, most);
}

}  // namespace fd
