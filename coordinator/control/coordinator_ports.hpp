#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "actors/transport/transport.hpp"
#include "coordinator/control/coordinator_events.hpp"
#include "coordinator/control/progress.hpp"
#include "coordinator/control/run_end.hpp"
#include "coordinator/shards/write.hpp"

namespace fd {

/// What CoordinatorLoop cannot do itself: all that waits, and all that leaves it. Nothing here may
/// block. Thread: the loop's, but where it says any.
class CoordinatorPorts {
 public:
  virtual ~CoordinatorPorts() = default;

  [[nodiscard]] virtual Instant now() const = 0;

  /// Sends a frame to a worker. May lose it. Thread: any.
  virtual void send(const PeerId& peer, std::string frame) = 0;

  /// Makes `events` durable. Calls `then` once they are, in the order of the calls, on any thread;
  /// never when they cannot be made durable: CoordinatorLoop::fail() comes instead. With no events,
  /// `then` still waits for what was appended before.
  virtual void append(std::vector<LedgerEvent> events, std::function<void()> then) = 0;

  /// Brings `leases` to CoordinatorLoop::leases_durable(), ahead of what waits. Thread: any.
  virtual void post(LeasesDurable leases) = 0;

  /// Reads a shard. CoordinatorLoop::loaded() gets it.
  virtual void load_shard(std::uint32_t shard) = 0;

  /// Writes the files of a finished shard. CoordinatorLoop::written() is told. Thread: any.
  virtual void write_shard(std::shared_ptr<ShardResult> result) = 0;

  /// Reads a piece of a database of the run. CoordinatorLoop::database_read() gets it.
  virtual void read_database(SendDatabase asked) = 0;

  /// Shows how far the run is.
  virtual void report(std::shared_ptr<const Progress> progress) = 0;

  /// Writes a warning to the log.
  virtual void warn(std::string_view event, Log::Fields fields) = 0;

  /// Returns the time of day in `ahead` from now, for people.
  [[nodiscard]] virtual std::string time_of_day(Duration ahead) const = 0;

  /// Shows a line to whoever runs the coordinator. Requires: it is safe for a terminal.
  virtual void tell(std::string line) = 0;

  /// The run is over. Called once; after it the loop uses these ports no more, but for what waits
  /// for a commit.
  virtual void ended(RunEnd end) = 0;
};

}  // namespace fd
