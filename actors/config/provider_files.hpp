#pragma once

#include <string>

#include "actors/config/bind.hpp"
#include "actors/config/problems.hpp"

namespace fd {

/// The most bytes of a `ca_file`.
inline constexpr std::size_t kMaxCaBytes = 1u << 20;

/// Makes the paths of a provider's files absolute (relative ones are so to `directory`), for
/// workers have other working directories, and puts the text of each `ca_file` into `ca_pem`: it
/// travels with the config. Files with secrets are not read: they are, where calls are made.
void take_provider_files(const std::string& directory, BoundConfig& bound,
                         ConfigProblems& problems);

}  // namespace fd
