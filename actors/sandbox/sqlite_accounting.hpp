#pragma once

#include <cstdint>

#include "actors/sandbox/step_meter.hpp"

namespace fd {

/// The name of the VFS that sandboxed databases are opened with: its clock stands still, and it
/// opens nothing but existing main databases, read-only.
inline constexpr const char* kSandboxVfs = "fd-sandbox";

/// What SQLite may allocate on this thread while the object lives: its net growth, not what the
/// connection already held. Past the limit its allocations fail, which SQLite reports as
/// SQLITE_NOMEM. The cache of the database's own pages is not counted: it has its own limit, and
/// what is in it depends on earlier queries. Sizes are those asked for, rounded to 8, so that the
/// limit means the same on every machine. What is allocated, and each page that is looked up,
/// whether it was in the cache or not, is charged as steps. Thread: destroyed on the one that made
/// it; one at a time on each thread.
class HeapBudget {
 public:
  /// Lifetime: `meter` outlives it.
  HeapBudget(std::uint64_t max_bytes, StepMeter& meter);
  ~HeapBudget();
  HeapBudget(const HeapBudget&) = delete;
  HeapBudget& operator=(const HeapBudget&) = delete;

  /// Returns whether an allocation was refused.
  [[nodiscard]] bool exceeded() const { return exceeded_; }
  /// Returns the largest net growth so far. Units: bytes.
  [[nodiscard]] std::uint64_t peak() const { return static_cast<std::uint64_t>(peak_); }

  /// Takes `bytes` from the budget. Returns false when they do not fit.
  bool take(std::int64_t bytes);
  void give_back(std::int64_t bytes) { used_ -= bytes; }
  void charge_steps(std::uint64_t steps) { meter_.taken += steps; }

 private:
  StepMeter& meter_;
  std::int64_t limit_;
  std::int64_t used_ = 0;
  std::int64_t peak_ = 0;
  bool exceeded_ = false;
};

/// While it lives, allocations of this thread are not counted. What was allocated uncounted is also
/// freed so. Thread: destroyed on the one that made it.
class Uncounted {
 public:
  /// `active`: false has no effect.
  explicit Uncounted(bool active = true);
  ~Uncounted();
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;

 private:
  HeapBudget* saved_;
};

}  // namespace fd
