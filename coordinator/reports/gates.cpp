#include "coordinator/reports/gates.hpp"

#include "coordinator/text/report_text.hpp"
#include "protocol/json/json.hpp"

namespace fd {

std::string gate_text(const GateVerdict& gate) {
  const std::string sign = gate.name.starts_with("max_") ? " <= " : " >= ";
  // Written in full where the short form would hide on which side of the threshold the value is.
  const auto number = [&](double value) {
    std::string exact;
    json::append_number(value, exact);
    const bool close = gate.value && short_number(*gate.value) == short_number(gate.threshold);
    return close ? exact : short_number(value);
  };
  return (gate.value ? number(*gate.value) : "no observation") + sign + number(gate.threshold);
}

}  // namespace fd
