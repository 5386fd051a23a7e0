#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace fd::sim {

/// Simulated time since the world began. Units: microseconds.
using Time = std::int64_t;

inline constexpr Time kMillisecond = 1000;
inline constexpr Time kSecond = 1'000'000;

/// Something to do once. Unlike std::function it may own what cannot be copied.
class Task {
 public:
  Task() = default;
  template <class Function>
  Task(Function function)  // NOLINT: implicit on purpose
      : body_(std::make_unique<Body<Function>>(std::move(function))) {}
  void operator()() { body_->run(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void run() = 0;
  };
  template <class Function>
  struct Body final : Base {
    explicit Body(Function what) : function(std::move(what)) {}
    void run() override { function(); }
    Function function;
  };
  std::unique_ptr<Base> body_;
};

/// The one queue of everything that will happen, by time and then by when it was asked for: what
/// makes a world deterministic.
class Schedule {
 public:
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::uint64_t done() const { return done_; }

  /// Has `task` done in `delay`. Requires: delay >= 0.
  void after(Time delay, Task task);

  /// Does what is due next. Requires: !empty().
  void step();

 private:
  struct Entry {
    Time time = 0;
    std::uint64_t number = 0;
    Task task;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time > b.time : a.number > b.number;
  }
  std::vector<Entry> queue_;  // a heap
  Time now_ = 0;
  std::uint64_t numbers_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace fd::sim
