#include "coordinator/control/status_file.hpp"

#include <cstdio>
#include <utility>

#include <unistd.h>

#include "actors/storage/files.hpp"
#include "actors/system/log.hpp"
#include "actors/system/thread_name.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/lines.hpp"
#include "protocol/base/saturating.hpp"

namespace fd {
std::string status_path(const RunDir& dir) {
  return dir.workers() + "/status.json";
}

json::Value to_json(const WorkerView& worker) {
  json::Array stages;
  for (const StageId stage : worker.stages) {
    stages.emplace_back(name(stage));
  }
  return json::Object{{"name", worker.name},
                      {"leases", static_cast<std::uint64_t>(worker.leases)},
                      {"in_flight", static_cast<std::uint64_t>(worker.in_flight)},
                      {"slots", static_cast<std::uint64_t>(worker.slots)},
                      {"silent_ms", worker.silent_ms},
                      {"stages", std::move(stages)},
                      {"peer_endpoint", worker.peer_endpoint},
                      {"serving", static_cast<std::uint64_t>(worker.serving)},
                      {"served", worker.served}};
}

json::Value status_json(const StatusOrigin& origin, const Progress& progress,
                        const std::optional<CallTotals>& earlier, double earlier_cost,
                        const std::string& now) {
  const CallTotals before = earlier.value_or(CallTotals{});
  json::Array workers;
  for (const WorkerView& worker : progress.worker_views) {
    workers.push_back(to_json(worker));
  }
  return json::Object{
      {"run_id", origin.run_id},
      {"epoch", origin.epoch},
      {"since", origin.since},
      {"updated_at", now},
      {"samples", json::Object{{"total", progress.total},
                               {"done", progress.done},
                               {"kept", progress.kept},
                               {"rejected", progress.rejected},
                               {"failed", progress.failed}}},
      {"shards", json::Object{{"committed", static_cast<std::uint64_t>(progress.shards_committed)},
                              {"failed", static_cast<std::uint64_t>(progress.shards_failed)}}},
      {"in_flight", static_cast<std::uint64_t>(progress.in_flight)},
      {"calls", progress.calls + before.calls},
      {"prompt_tokens", progress.prompt_tokens + before.prompt_tokens},
      {"completion_tokens", progress.completion_tokens + before.completion_tokens},
      {"cost", finite(progress.cost + earlier_cost)},
      {"unpriced", progress.unpriced + before.unpriced},
      {"calls_complete", earlier.has_value()},
      {"workers", std::move(workers)}};
}

StatusFile::StatusFile(const RunDir& dir, std::string run_id, std::uint64_t epoch,
                       std::vector<std::uint32_t> written)
    : dir_(dir), origin_{std::move(run_id), epoch, wall_clock_text()} {
  ::unlink(status_path(dir_).c_str());
  static_cast<void>(make_directories(dir_.workers()).ok());
  if (written.empty()) {
    earlier_.emplace();
  } else {
    counter_ = std::thread([this, shards = std::move(written)] {
      name_thread("fd-counter");
      count_earlier(shards);
    });
  }
}

StatusFile::~StatusFile() {
  stopping_ = true;
  wait_for_count();
}

void StatusFile::wait_for_count() {
  if (counter_.joinable()) {
    counter_.join();
  }
}

/// Leaves the count open when a file cannot be read: that shard is committed, and the merge will
/// say what is wrong with it.
void StatusFile::count_earlier(const std::vector<std::uint32_t>& shards) {
  CallCounts counts;
  for (const std::uint32_t shard : shards) {
    const std::string path = dir_.shard_file(shard, RunDir::kCalls);
    const auto text = read_file(path, kMaxShardFileBytes);
    if (stopping_ || !text.ok()) {
      return;
    }
    LineReader lines(path, *text);
    CallView call;
    Result<bool> more = lines.next(call);
    for (; more.ok() && *more; more = lines.next(call)) {
      counts.add(call);
    }
    if (!more.ok()) {
      return;
    }
  }
  const std::lock_guard lock(mutex_);
  earlier_cost_ = counts.cost();
  earlier_ = counts.total();
}

void StatusFile::update(Instant now, const Progress& progress) {
  last_ = progress;
  if (!next_ || now >= *next_) {
    next_ = now + kStatusInterval;
    write();
  }
}

void StatusFile::flush() {
  if (last_) {
    write();
  }
}

void StatusFile::write() {
  json::Value status;
  {
    const std::lock_guard lock(mutex_);
    status = status_json(origin_, *last_, earlier_, earlier_cost_, wall_clock_text());
  }
  const std::string path = status_path(dir_);
  const std::string temporary = path + ".tmp";
  if (write_file(temporary, json::pretty(status) + "\n", Durable::later).ok()) {
    std::rename(temporary.c_str(), path.c_str());
  }
}

}  // namespace fd
