#include "coordinator/inspect/status.hpp"

#include <utility>

#include "actors/storage/files.hpp"
#include "actors/storage/folder_lock.hpp"
#include "coordinator/control/status_file.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/text/commands_to_copy.hpp"

namespace fd {
namespace {

std::uint64_t number_at(const json::Value* value, const char* key) {
  const json::Value* found = value == nullptr ? nullptr : value->find(key);
  return found != nullptr ? found->as_uint().value_or(0) : 0;
}

std::string text_at(const json::Value* value, const char* key) {
  const json::Value* found = value == nullptr ? nullptr : value->find(key);
  return found != nullptr && found->as_string() != nullptr ? *found->as_string() : std::string();
}

double amount_at(const json::Value* value, const char* key) {
  const json::Value* found = value == nullptr ? nullptr : value->find(key);
  return found != nullptr && found->as_number() != nullptr ? *found->as_number() : 0;
}

/// Reads a JSON file that may be missing or, while a run is being started, of another one.
std::optional<json::Value> read_json(const std::string& path) {
  const auto text = read_file(path);
  auto value = text.ok() ? json::parse_canonical(*text) : text.error();
  return value.ok() ? std::optional<json::Value>(std::move(value).value()) : std::nullopt;
}

/// Counts by the manifest of every shard, one at a time. The counts are right also where the
/// coordinator was killed, or a replay wrote last. Costs a file for each shard.
Result<void> count_shards(const RunDir& dir, RunStatus& status) {
  for (std::uint32_t shard = 0; shard < status.shards; ++shard) {
    FD_TRY(const Manifest manifest, read_shard_manifest(dir, shard));
    ++(manifest.state == ShardFileState::committed ? status.shards_committed
       : manifest.state == ShardFileState::failed  ? status.shards_failed
                                                   : status.shards_pending);
    const auto count = [&](Verdict verdict) {
      const auto found = manifest.verdicts.find(std::string(name(verdict)));
      return found == manifest.verdicts.end() ? 0 : found->second;
    };
    if (manifest.state != ShardFileState::pending) {
      status.kept += count(Verdict::kept);
      status.rejected += count(Verdict::rejected);
      status.failed += count(Verdict::failed);
    }
  }
  status.done = status.kept + status.rejected + status.failed;
  return {};
}

WorkerView worker_from(const json::Value& value) {
  WorkerView worker;
  worker.name = text_at(&value, "name");
  worker.leases = static_cast<std::uint32_t>(number_at(&value, "leases"));
  worker.in_flight = static_cast<std::uint32_t>(number_at(&value, "in_flight"));
  worker.slots = static_cast<std::uint32_t>(number_at(&value, "slots"));
  worker.silent_ms = number_at(&value, "silent_ms");
  const json::Value* stages = value.find("stages");
  if (stages != nullptr && stages->as_array() != nullptr) {
    for (const json::Value& one : *stages->as_array()) {
      const std::string* stage = one.as_string();
      if (const auto known = stage != nullptr ? stage_from_name(*stage) : std::nullopt) {
        worker.stages.push_back(*known);
      }
    }
  }
  worker.peer_endpoint = text_at(&value, "peer_endpoint");
  worker.serving = static_cast<std::uint32_t>(number_at(&value, "serving"));
  worker.served = number_at(&value, "served");
  return worker;
}

void take_calls(const json::Value& value, RunStatus& status) {
  status.calls = number_at(&value, "calls");
  status.prompt_tokens = number_at(&value, "prompt_tokens");
  status.completion_tokens = number_at(&value, "completion_tokens");
  status.cost = amount_at(&value, "cost");
  status.unpriced = number_at(&value, "unpriced");
}

/// Takes the counts of a coordinator that is at work, so that watching a run costs no file for each
/// of its shards. Returns whether it tells them.
bool take_shards(const json::Value& report, RunStatus& status) {
  const json::Value* shards = report.find("shards");
  const std::uint64_t committed = number_at(shards, "committed");
  const std::uint64_t failed = number_at(shards, "failed");
  if (shards == nullptr || committed + failed > status.shards) {
    return false;
  }
  status.shards_committed = static_cast<std::uint32_t>(committed);
  status.shards_failed = static_cast<std::uint32_t>(failed);
  status.shards_pending = status.shards - status.shards_committed - status.shards_failed;
  return true;
}

/// Takes what the coordinator says of itself; what it counts is newer than the shards' files.
void take_report(const json::Value& report, RunStatus& status) {
  status.epoch = number_at(&report, "epoch");
  status.since = text_at(&report, "since");
  status.updated_at = text_at(&report, "updated_at");
  const json::Value* samples = report.find("samples");
  status.done = number_at(samples, "done");
  status.kept = number_at(samples, "kept");
  status.rejected = number_at(samples, "rejected");
  status.failed = number_at(samples, "failed");
  take_calls(report, status);
  const json::Value* complete = report.find("calls_complete");
  status.calls_complete =
      complete != nullptr && complete->as_bool() != nullptr && *complete->as_bool();
  if (status.state != RunState::running) {
    return;  // nobody holds anything any more
  }
  status.in_flight = static_cast<std::uint32_t>(number_at(&report, "in_flight"));
  const json::Value* workers = report.find("workers");
  if (workers != nullptr && workers->as_array() != nullptr) {
    for (const json::Value& one : *workers->as_array()) {
      status.workers.push_back(worker_from(one));
      status.shards_leased += status.workers.back().leases;
    }
  }
}

}  // namespace

Result<RunStatus> read_status(const RunDir& dir) {
  FD_TRY(const RunFacts facts, read_run_facts(dir));
  FD_TRY(const RunConfig config, read_run_config(dir, facts));
  RunStatus status;
  status.root = dir.root();
  status.run_id = facts.run_id;
  status.task = config.task;
  status.model = config.teacher.model;
  status.started_at = facts.started;
  status.exit_code = facts.exit_code;
  status.total = facts.ingest.unique;
  status.shards = facts.ingest.shards;
  const bool held = is_locked(dir.lock());
  status.state = held ? RunState::running : facts.exit_code ? RunState::ended : RunState::stopped;
  auto report = status.state == RunState::ended ? std::nullopt : read_json(status_path(dir));
  if (report && text_at(&*report, "run_id") != status.run_id) {
    report.reset();
  }
  if (!held || !report || !take_shards(*report, status)) {
    FD_TRY_VOID(count_shards(dir, status));
  }
  if (status.state == RunState::ended) {
    const auto run_json = read_json(dir.run_json());
    status.finished_at = run_json ? text_at(&*run_json, "finished_at") : std::string();
    if (const auto costs = read_json(dir.report("cost_report.json"))) {
      take_calls(costs->find("total") == nullptr ? json::Value() : *costs->find("total"), status);
      status.unpriced = number_at(costs->find("unpriced"), "calls");
    }
  } else if (report) {
    take_report(*report, status);
  }
  if (!held && (status.state == RunState::stopped || status.failed > 0)) {
    status.go_on = resume_line(dir.root());
  }
  return status;
}

}  // namespace fd
