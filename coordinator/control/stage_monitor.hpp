#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/system/clock.hpp"
#include "protocol/records.hpp"

namespace fd {

/// A worker as far as it matters who serves what.
struct StageNode {
  std::uint64_t incarnation = 0;
  std::string name;
  std::vector<StageId> stages;
  bool serves_peers = false;  ///< its pure stages serve other workers too
  bool holds_leases = false;  ///< has samples under way
};

/// Returns whether a worker with these stages takes leases: it asks teachers.
bool holds_leases(const std::vector<StageId>& stages);

/// Returns the first pure stage that neither `stages`, those of the worker `incarnation`, have nor
/// another of `nodes` serves to it; nothing when it can finish what it takes.
std::optional<StageId> unserved_stage(std::uint64_t incarnation, const std::vector<StageId>& stages,
                                      const std::vector<StageNode>& nodes);

/// Notices when the workers that are there cannot finish a run, because nobody serves a stage.
/// Pure.
class StageMonitor {
 public:
  /// `grace`: for how long that may be so.
  explicit StageMonitor(Duration grace) : grace_(grace) {}

  /// Looks at all workers that are there. Returns what to tell people once it has gone on for the
  /// grace: the stage, who needs it, and what to start. Without any worker nothing is missing yet.
  std::optional<std::string> look(Instant now, const std::vector<StageNode>& nodes);

  /// Time that counts against no one.
  void postpone(Duration pause);

 private:
  Duration grace_;
  std::optional<Instant> since_;
};

}  // namespace fd
