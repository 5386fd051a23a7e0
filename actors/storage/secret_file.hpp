#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

/// The longest secret that is taken.
inline constexpr std::size_t kMaxSecretBytes = 8192;

/// Takes the line breaks at the end off a secret. Returns whether there were some.
bool strip_line_breaks(std::string& secret);

/// Reads a file that holds one secret; line breaks at its end are left out. Only its owner may be
/// able to read it, unless it lies where a service manager puts credentials: in
/// `credentials_folder` (systemd's $CREDENTIALS_DIRECTORY; empty: none), below /run/secrets
/// (Docker, Kubernetes), or in a volume of Kubernetes (its folder has a link `..data`).
/// Errors: not_found; refused, with what to do; exhausted. No message holds the content.
Result<std::string> read_secret_file(const std::string& path, std::string_view credentials_folder);

}  // namespace fd
