#pragma once

#include <string>

#include "protocol/base/result.hpp"

namespace fd {

/// Checks that nobody else can have put anything into a folder (a run's, a worker's journal or
/// databases): it and all in it are folders
/// and regular files of this user, that not everybody may write; the group may, for volumes are
/// mounted so that it can (Kubernetes fsGroup), and its members were chosen. There are no links:
/// none is followed, and no file has a second name. Reads names and attributes only; the folders
/// above may be anything. Errors: refused (exit 8), naming the entry and how to mend it;
/// not_found; storage.
Result<void> check_own_folder(const std::string& path);

}  // namespace fd
