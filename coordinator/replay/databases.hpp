#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"

namespace fd {

/// How many files of a folder are looked at for databases.
inline constexpr std::size_t kMaxDatabaseCandidates = 100000;

/// Finds the databases with these digests (hexadecimal): in `run_folder` under their digests, as a
/// run keeps them, else anywhere below `any_folder` under any name, told by their content. Either
/// folder may be empty: not looked at. Returns their paths, each checked against its digest.
/// Errors: not_found, naming the digest and what to give; corrupt (a file of the run's that is not
/// what its name says); invalid_input (more than kMaxDatabaseCandidates files); storage.
Result<std::map<std::string, std::string>> find_databases(const std::vector<std::string>& digests,
                                                          const std::string& run_folder,
                                                          const std::string& any_folder);

}  // namespace fd
