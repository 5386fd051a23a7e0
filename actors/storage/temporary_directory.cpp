#include "actors/storage/temporary_directory.hpp"

#include <cstdlib>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"

namespace fd {

Result<TemporaryDirectory> TemporaryDirectory::create(const std::string& prefix) {
  const char* root = std::getenv("TMPDIR");
  std::string path =
      std::string(root != nullptr && *root != '\0' ? root : "/tmp") + "/" + prefix + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    Error error = storage_error(path);
    error.message += " (TMPDIR can name another)";
    return error;
  }
  return TemporaryDirectory(std::move(path));
}

TemporaryDirectory::~TemporaryDirectory() {
  if (!path_.empty()) {
    static_cast<void>(remove_tree(path_).ok());
  }
}

}  // namespace fd
