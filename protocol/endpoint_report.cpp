#include "protocol/endpoint_report.hpp"

#include <algorithm>
#include <vector>

namespace fd {
namespace {

/// Endpoints and what they said that an error names.
constexpr std::size_t kNamed = 4;

bool is_hopeless(const EndpointReport& report, const GatewayConfig& config) {
  const double patience_s = report.answered ? config.outage_timeout_s : config.startup_timeout_s;
  return report.state == EndpointState::refuses ||
         (report.state == EndpointState::waits &&
          static_cast<double>(report.out_ms) >= patience_s * 1000);
}

}  // namespace

std::optional<Error> why_hopeless(std::span<const EndpointReport> reports,
                                  const GatewayConfig& config) {
  const bool hopeless = std::ranges::all_of(
      reports, [&](const EndpointReport& one) { return is_hopeless(one, config); });
  if (reports.empty() || !hopeless) {
    return std::nullopt;
  }
  std::vector<std::string> said;
  for (const EndpointReport& report : reports) {
    std::string words = "endpoint " + report.provider + ": " + report.words;
    if (std::ranges::find(said, words) == said.end()) {
      said.push_back(std::move(words));
    }
  }
  std::string message;
  for (std::size_t i = 0; i < std::min(said.size(), kNamed); ++i) {
    message += (i == 0 ? "" : "; ") + said[i];
  }
  if (said.size() > kNamed) {
    message += "; and " + std::to_string(said.size() - kNamed) + " more";
  }
  return Error{Errc::unavailable, message};
}

}  // namespace fd
