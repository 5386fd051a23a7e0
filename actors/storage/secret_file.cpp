#include "actors/storage/secret_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/paths.hpp"
#include "actors/system/descriptor.hpp"

namespace fd {
namespace {

Error refused(const std::string& path, const std::string& what) {
  return Error{Errc::refused, path + ": " + what};
}

/// Returns whether a service manager decides who reads what lies in this folder.
bool holds_credentials(const std::string& folder, std::string_view credentials_folder) {
  while (credentials_folder.ends_with('/')) {
    credentials_folder.remove_suffix(1);
  }
  if (!credentials_folder.empty() && folder == credentials_folder) {
    return true;
  }
  const std::string inside = folder + "/";
  if (inside.starts_with("/run/secrets/") || inside.starts_with("/var/run/secrets/")) {
    return true;
  }
  struct stat data {};
  return ::lstat((inside + "..data").c_str(), &data) == 0 && S_ISLNK(data.st_mode);
}

}  // namespace

bool strip_line_breaks(std::string& secret) {
  const std::size_t size = secret.size();
  while (secret.ends_with('\n') || secret.ends_with('\r')) {
    secret.pop_back();
  }
  return secret.size() != size;
}

Result<std::string> read_secret_file(const std::string& path, std::string_view credentials_folder) {
  // Not blocking: a pipe under this name must not hold the program up.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    return Error{errno == ENOENT ? Errc::not_found : Errc::refused,
                 storage_error(path + ": cannot be read").message};
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return refused(path, "is no regular file");
  }
  const bool others = (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (others && !holds_credentials(folder_of(path), credentials_folder)) {
    return refused(path, "others can read this secret: chmod 600");
  }
  std::string secret(kMaxSecretBytes + 3, '\0');  // and a line break
  const ssize_t got = ::read(file.get(), secret.data(), secret.size());
  if (got < 0) {
    return refused(path, "cannot be read");
  }
  secret.resize(static_cast<std::size_t>(got));
  strip_line_breaks(secret);
  if (secret.size() > kMaxSecretBytes) {
    return Error{Errc::exhausted,
                 path + ": is longer than " + std::to_string(kMaxSecretBytes) + " bytes"};
  }
  return secret;
}

}  // namespace fd
