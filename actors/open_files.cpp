#include "actors/open_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <sys/resource.h>

namespace fd {

Result<std::uint64_t> open_files_goal(std::uint64_t soft, std::uint64_t hard) {
  const std::uint64_t goal = std::max(soft, std::min(hard, kOpenFilesMax));
  if (goal < kOpenFilesMin) {
    return Error{Errc::invalid_input, "at most " + std::to_string(goal) +
                                          " open files are allowed here, and --listen needs " +
                                          std::to_string(kOpenFilesMin) + " (ulimit -n)"};
  }
  return goal;
}

Result<void> raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Error{Errc::invalid_input,
                 std::string("cannot read the limit of open files: ") + std::strerror(errno)};
  }
  FD_TRY(const std::uint64_t goal, open_files_goal(limit.rlim_cur, limit.rlim_max));
  limit.rlim_cur = goal;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Error{Errc::invalid_input,
                 std::string("cannot raise the limit of open files: ") + std::strerror(errno)};
  }
  return {};
}

}  // namespace fd
