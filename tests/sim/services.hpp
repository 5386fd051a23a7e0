#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "protocol/messages.hpp"
#include "tests/sim/dataset.hpp"
#include "tests/sim/memory_ledger.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/peer_network.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/provider_calls.hpp"
#include "tests/sim/teacher.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

inline constexpr const char* kRunId = "run";

/// The files of a written shard.
struct ShardFile {
  ShardArtifacts artifacts;
  std::uint32_t failed = 0;  ///< samples in it that failed
  std::uint32_t writes = 0;  ///< how often it was written
};

/// The run folder: what is durable beside the ledger.
using RunFiles = std::vector<std::optional<ShardFile>>;

/// Every Deliver that was sent, by (incarnation, start, seq): what an acknowledgement must cover.
using Deliveries =
    std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, std::vector<Record>>;

/// What the processes of a world live on. Lifetime: outlives all of them.
struct Services {
  const Plan& plan;
  const Dataset& data;
  Schedule& schedule;
  Trace& trace;
  Oracle& oracle;
  Network& network;
  PeerNetwork& peers;
  Contacts& contacts;
  MemoryLedger& ledger;
  Teacher& teacher;
  ProviderCalls& provider_calls;
  RunFiles& files;
  Deliveries& deliveries;
};

}  // namespace fd::sim
