#include "coordinator/replay/databases.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "actors/storage/files.hpp"

namespace fd {
namespace {

namespace fs = std::filesystem;

/// Returns the regular files below `folder` in the order of their paths; links are not followed.
Result<std::vector<std::string>> files_below(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed);
  const fs::recursive_directory_iterator end;
  for (; !failed && entry != end; entry.increment(failed)) {
    std::error_code unknown;
    if (entry->symlink_status(unknown).type() != fs::file_type::regular) {
      continue;
    }
    files.push_back(entry->path().string());
    if (files.size() > kMaxDatabaseCandidates) {
      return Error{Errc::invalid_input, folder + ": has more than " +
                                            std::to_string(kMaxDatabaseCandidates) +
                                            " files; name a folder with the databases"};
    }
  }
  if (failed) {
    return Error{Errc::not_found, folder + ": " + failed.message()};
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Takes the databases that a run's folder has under their digests.
Result<void> take_named(const std::string& folder, std::set<std::string>& wanted,
                        std::map<std::string, std::string>& found) {
  for (auto digest = wanted.begin(); digest != wanted.end();) {
    const std::string path = folder + "/" + *digest;
    if (!file_exists(path)) {
      ++digest;
      continue;
    }
    FD_TRY(const FileEntry entry, digest_file(path));
    if (entry.sha256.hex() != *digest) {
      return Error{Errc::corrupt, path + ": its content is not what its name says (SHA-256 " +
                                      entry.sha256.hex() + ")"};
    }
    found[*digest] = path;
    digest = wanted.erase(digest);
  }
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> find_databases(const std::vector<std::string>& digests,
                                                          const std::string& run_folder,
                                                          const std::string& any_folder) {
  std::set<std::string> wanted(digests.begin(), digests.end());
  std::map<std::string, std::string> found;
  if (!run_folder.empty()) {
    FD_TRY_VOID(take_named(run_folder, wanted, found));
  }
  if (!wanted.empty() && !any_folder.empty()) {
    FD_TRY(const std::vector<std::string> files, files_below(any_folder));
    for (auto file = files.begin(); file != files.end() && !wanted.empty(); ++file) {
      FD_TRY(const FileEntry entry, digest_file(*file));
      if (wanted.erase(entry.sha256.hex()) > 0) {
        found[entry.sha256.hex()] = *file;
      }
    }
  }
  if (!wanted.empty()) {
    const std::string others =
        wanted.size() == 1 ? "" : " (and " + std::to_string(wanted.size() - 1) + " more)";
    return Error{Errc::not_found,
                 "the database with the SHA-256 " + *wanted.begin() + others + " is missing" +
                     (any_folder.empty() ? "" : " in " + any_folder) +
                     "; give --databases DIR, a folder that it lies in under any name"};
  }
  return found;
}

}  // namespace fd
