#pragma once

#include <string>

#include "coordinator/merge/export.hpp"
#include "coordinator/reports/run_summary.hpp"
#include "protocol/base/digest.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Returns export/README.md: front matter that dataset hubs and `datasets` read, and what the rows
/// are, how many, which gates they passed and which models answered. Holds no time and no path, so
/// that equal runs give equal bytes.
std::string dataset_card(const RunConfig& config, const Digest& config_digest,
                         const RunSummary& summary, const ExportFiles& files);

}  // namespace fd
