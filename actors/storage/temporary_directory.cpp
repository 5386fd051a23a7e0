#include "actors/storage/temporary_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "actors/storage/files.hpp"

namespace fd {

Result<TemporaryFolder> TemporaryFolder::create() {
  const char* root = std::getenv("TMPDIR");
  std::string path = std::string(root != nullptr && *root != '\0' ? root : "/tmp") + "/fd-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return Error{Errc::storage, path + ": " + std::strerror(errno) + " (TMPDIR can name another)"};
  }
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::~TemporaryFolder() {
  if (!path_.empty()) {
    static_cast<void>(remove_tree(path_).ok());
  }
}

}  // namespace fd
