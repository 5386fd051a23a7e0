#pragma once

#include <optional>
#include <vector>

#include "actors/gateway/http/curl_senders.hpp"
#include "coordinator/check/check_report.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Whether endpoints are asked for an answer, which may cost something.
enum class Probe {
  free_only,  ///< where the price is 0
  all,
};

/// Asks each endpoint for its models, and for an answer of at most 16 tokens to the prompt of
/// `sample`. Adds a row for each to `report`. Thread: any; waits for the replies.
void check_endpoints(const RunConfig& config, const std::vector<Endpoint>& endpoints,
                     const std::optional<Sample>& sample, Probe probe, CheckReport& report);
/// Adds what prices and limits mean.
void check_prices(const RunConfig& config, CheckReport& report);
void check_limits(const RunConfig& config, CheckReport& report);

}  // namespace fd
