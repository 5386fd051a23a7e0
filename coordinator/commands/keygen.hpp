#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.hpp"

namespace fd {

/// What `fd-coordinator keygen` did: lines to print, public keys among them.
struct KeygenReport {
  std::vector<std::string> lines;
};

/// Makes a folder of keys (actors/keys/key_files.hpp), or adds workers to one. What is there
/// already stays as it is: no key is replaced, and none comes back to the allow-list. No names:
/// `worker`. Errors: invalid_input (a name), refused (a key that is there is not sound), storage.
Result<KeygenReport> make_keys(const std::string& folder, std::vector<std::string> workers);

}  // namespace fd
