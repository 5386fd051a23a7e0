#include "coordinator/check/check_report.hpp"

#include <algorithm>
#include <array>

#include "coordinator/text/report_text.hpp"
#include "protocol/exit_code.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"ok", "warning", "error"};

std::string_view name(CheckStatus status) {
  return kNames.at(static_cast<std::size_t>(status));
}

}  // namespace

int CheckReport::exit_code() const {
  bool any_endpoint = false;
  bool any_usable = false;
  for (const CheckRow& row : rows) {
    const bool failed = row.status == CheckStatus::error;
    if (failed && row.part == kInputPart) {
      return kExitInput;
    }
    if (row.part.starts_with(kEndpointPart)) {
      any_endpoint = true;
      any_usable = any_usable || !failed;
    }
  }
  return any_endpoint && !any_usable ? kExitNoEndpoint : kExitComplete;
}

std::string render_checks(const CheckReport& report) {
  std::size_t widest = 0;
  for (const CheckRow& row : report.rows) {
    widest = std::max(widest, printable(row.part).size());
  }
  std::string out;
  for (const CheckRow& row : report.rows) {
    const std::string part = printable(row.part);
    const std::string_view status = name(row.status);
    out += part + std::string(widest + 2 - part.size(), ' ') + std::string(status) +
           std::string(9 - status.size(), ' ') + printable_block(row.text, widest + 11) + "\n";
  }
  return out;
}

std::string checks_as_json(const CheckReport& report) {
  std::string out;
  for (const CheckRow& row : report.rows) {
    out += json::canonical(
               json::Object{{"part", row.part}, {"status", name(row.status)}, {"text", row.text}}) +
           "\n";
  }
  return out;
}

}  // namespace fd
