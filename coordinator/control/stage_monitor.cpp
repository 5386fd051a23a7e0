#include "coordinator/control/stage_monitor.hpp"

#include <algorithm>

namespace fd {
namespace {

struct Missing {
  StageId stage = StageId::teacher;
  std::string needed_by;  ///< empty: by the run
};

/// A run can go on when one worker can finish what it takes, and none is left with samples that it
/// cannot finish.
std::optional<Missing> missing(const std::vector<StageNode>& nodes) {
  std::optional<Missing> found;
  bool teacher = false;
  bool complete = false;
  for (const StageNode& node : nodes) {
    if (!holds_leases(node.stages)) {
      continue;
    }
    teacher = true;
    const auto stage = unserved_stage(node.incarnation, node.stages, nodes);
    complete = complete || !stage;
    if (stage && node.holds_leases) {
      return Missing{*stage, node.name};
    }
    if (stage && !found) {
      found = Missing{*stage, node.name};
    }
  }
  if (!teacher) {
    return Missing{};
  }
  return complete ? std::nullopt : found;
}

/// Names a worker that has the stage and keeps it to itself.
std::string hint(const Missing& what, const std::vector<StageNode>& nodes) {
  for (const StageNode& node : nodes) {
    if (what.stage != StageId::teacher && !node.serves_peers &&
        has_stage(node.stages, what.stage)) {
      return " (" + node.name + " serves it to itself only, having no --peer-listen)";
    }
  }
  return {};
}

}  // namespace

bool holds_leases(const std::vector<StageId>& stages) {
  return has_stage(stages, StageId::teacher);
}

std::optional<StageId> unserved_stage(std::uint64_t incarnation, const std::vector<StageId>& stages,
                                      const std::vector<StageNode>& nodes) {
  for (const StageId stage : peer_stages()) {
    const bool served =
        has_stage(stages, stage) || std::any_of(nodes.begin(), nodes.end(), [&](const auto& node) {
          return node.incarnation != incarnation && node.serves_peers &&
                 has_stage(node.stages, stage);
        });
    if (!served) {
      return stage;
    }
  }
  return std::nullopt;
}

std::optional<std::string> StageMonitor::look(Instant now, const std::vector<StageNode>& nodes) {
  const auto what = nodes.empty() ? std::nullopt : missing(nodes);
  if (!what) {
    since_.reset();
    return std::nullopt;
  }
  since_ = since_.value_or(now);
  if (now - *since_ < grace_) {
    return std::nullopt;
  }
  const std::string stage(name(what->stage));
  const std::string needed = what->needed_by.empty() ? "" : ", which " + what->needed_by + " needs";
  return "no worker has served the stage " + stage + needed + ", for " +
         std::to_string(grace_ / std::chrono::seconds(1)) + " s" + hint(*what, nodes) +
         ": start one with fd-worker --connect ENDPOINT --stages " + stage;
}

void StageMonitor::postpone(Duration pause) {
  if (since_) {
    *since_ += pause;
  }
}

}  // namespace fd
