#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/system/clock.hpp"
#include "coordinator/control/progress.hpp"
#include "coordinator/reports/costs.hpp"
#include "protocol/json/json.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// How often the file is written at most.
inline constexpr Duration kStatusInterval = std::chrono::seconds(1);

/// Returns workers/status.json of a run.
std::string status_path(const RunDir& dir);

/// Returns a worker as workers/status.json and `status --json` have it.
json::Value to_json(const WorkerView& worker);

/// Which start of which run a status is of.
struct StatusOrigin {
  std::string run_id;
  std::uint64_t epoch = 0;
  std::string since;  ///< wall clock text
};

/// Returns what workers/status.json says. `earlier`: the calls of shards that earlier starts
/// committed; nothing while they are still counted.
json::Value status_json(const StatusOrigin& origin, const Progress& progress,
                        const std::optional<CallTotals>& earlier, double earlier_cost,
                        const std::string& now);

/// What a live run says of itself, for `status`: a file that is replaced about once a second and
/// survives no power cut. That it cannot be written ends no run.
class StatusFile {
 public:
  /// Removes what an earlier start left, and begins to count the calls of the shards `written` by
  /// earlier starts, on a thread of its own.
  StatusFile(const RunDir& dir, std::string run_id, std::uint64_t epoch,
             std::vector<std::uint32_t> written);
  ~StatusFile();
  StatusFile(const StatusFile&) = delete;
  StatusFile& operator=(const StatusFile&) = delete;

  /// Writes the file when that was last done kStatusInterval ago. Thread: one at a time.
  void update(Instant now, const Progress& progress);
  /// Writes what update() was told last.
  void flush();
  /// Waits until the calls of earlier starts are counted.
  void wait_for_count();

 private:
  void count_earlier(const std::vector<std::uint32_t>& shards);
  void write();

  RunDir dir_;
  StatusOrigin origin_;
  std::optional<Progress> last_;
  std::optional<Instant> next_;
  std::mutex mutex_;
  std::optional<CallTotals> earlier_;  ///< guarded by mutex_
  double earlier_cost_ = 0;            ///< guarded by mutex_
  std::atomic<bool> stopping_ = false;
  std::thread counter_;
};

}  // namespace fd
