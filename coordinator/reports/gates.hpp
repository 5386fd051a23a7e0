#pragma once

#include <optional>
#include <string>

namespace fd {

/// One dataset gate and how it came out.
struct GateVerdict {
  std::string name;  ///< config key, such as "min_exec_pass_rate"
  double threshold = 0;
  std::optional<double> value;  ///< nothing without observations: a gate above 0 then fails
  bool passed = false;
};

/// Returns "0.9352 >= 0.95", "no observation >= 0.1" or "0.01 <= 0": how a gate came out.
std::string gate_text(const GateVerdict& gate);

}  // namespace fd
