#pragma once

#include <string>

#include "protocol/result.hpp"

namespace fd {

/// Checks that nobody else can have put anything into a run's folder: it and all in it are folders
/// and regular files of this user, that neither group nor others may write. There are no links:
/// none is followed, and no file has a second name. Reads names and attributes only; the folders
/// above may be anything. Errors: refused (exit 8), naming the entry and how to mend it;
/// not_found; storage.
Result<void> check_own_folder(const std::string& path);

}  // namespace fd
