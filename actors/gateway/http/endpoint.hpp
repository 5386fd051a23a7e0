#pragma once

#include <string>
#include <vector>

#include "protocol/run_config.hpp"

namespace fd {

/// An endpoint with what its config names in the environment and in files looked up.
struct Endpoint {
  ProviderConfig config;
  std::string api_key;               ///< empty: none is sent
  std::vector<std::string> headers;  ///< more of them, each "Name: value"
  std::string query;                 ///< "a=b&c=d", escaped; empty: none
  std::string proxy;                 ///< a URL; empty: none
  std::string ca_file;               ///< certificates in place of those of the system; empty: those
  std::string ca_folder;             ///< as ca_file
  std::vector<std::string> secrets;  ///< of headers, query and proxy: kept out of errors
};

}  // namespace fd
