#pragma once

#include <string>

#include "protocol/base/digest.hpp"
#include "protocol/run_config.hpp"

namespace fd::sim {

/// A run's config as it travels to workers.
struct Spec {
  RunConfig config;
  std::string json;
  Digest digest;
};

/// Returns the config of a start of the coordinator. `changed`: as after `resume --set`, with a key
/// that decides no output.
const Spec& run_spec(bool changed = false);

}  // namespace fd::sim
