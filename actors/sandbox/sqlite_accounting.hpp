#pragma once

#include <cstdint>

namespace fd {

/// The name of the VFS that sandboxed databases are opened with: its clock stands still, and it
/// opens nothing but existing main databases, read-only.
inline constexpr const char* kSandboxVfs = "fd-sandbox";

/// What SQLite may allocate on this thread while the object lives: its net growth, not what the
/// connection already held. Past the limit its allocations fail, which SQLite reports as
/// SQLITE_NOMEM. The cache of the database's own pages is not counted: it has its own limit, and
/// what is in it depends on earlier queries. Sizes are those asked for, rounded to 8, so that the
/// limit means the same on every machine. Thread: destroyed on the one that made it; one at a time
/// on each thread.
class HeapBudget {
 public:
  explicit HeapBudget(std::uint64_t max_bytes);
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

 private:
  std::int64_t limit_;
  std::int64_t used_ = 0;
  std::int64_t peak_ = 0;
  bool exceeded_ = false;
};

}  // namespace fd
