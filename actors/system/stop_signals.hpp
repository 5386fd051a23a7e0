#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace fd {

/// How long a stop waits for calls in flight, unless --drain-s says otherwise, and what that takes
/// at most. Seconds.
inline constexpr std::uint32_t kDrainSeconds = 25;
inline constexpr std::uint64_t kDrainSecondsMax = 86400;

/// SIGINT and SIGTERM of a command. A thread of its own waits for them, so that they are heard
/// whatever the other threads do, also where one blocks for ever. It says one line on standard
/// error and ends the process with 128 + the signal's number: at once, as kill -9 would, because
/// all files are written so that a process may be killed at any moment. A phase that has something
/// to finish first takes a Drain. Thread: the members may be called from any.
class StopSignals {
 public:
  /// Blocks both signals in this thread, and so in all that it starts, and begins to listen.
  /// Requires: the process has no other thread.
  StopSignals();
  /// The process can no longer be stopped by them.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Sets what is said, behind "stopped; ", when a signal ends the process from now on: what holds
  /// then, and how to go on.
  void say(std::string words);

 private:
  friend class Drain;
  void listen();
  [[noreturn]] void end_process(int number) const;

  std::mutex mutex_;  ///< of all below but the thread
  std::string words_;
  bool draining_ = false;        ///< a Drain exists
  int first_ = 0;                ///< the signal that the latest Drain got
  std::uint64_t under_way_ = 0;  ///< calls of the Drain
  bool ended_ = false;
  std::thread thread_;
};

/// While it exists, the first signal is its holder's to act on. The second one ends the process.
/// Thread: the members may be called from any. Lifetime: one at a time; `signals` outlives it.
class Drain {
 public:
  explicit Drain(StopSignals& signals);
  ~Drain();
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  /// Returns the signal that asked for the end; 0: none did.
  [[nodiscard]] int signal() const;
  /// Tells how many calls are under way, for what a second signal says.
  void under_way(std::uint64_t calls);
  /// From here on each signal ends the process. Returns signal(), on which the holder still has to
  /// act.
  int finish();

 private:
  StopSignals& signals_;
};

}  // namespace fd
