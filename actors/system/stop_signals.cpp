#include "actors/system/stop_signals.hpp"

#include <algorithm>
#include <csignal>
#include <string_view>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "actors/system/process.hpp"
#include "actors/system/thread_name.hpp"
#include "protocol/base/result.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

/// Writes a line past stdio, whose lock a stuck thread may hold, and only where that does not
/// block: a pipe that nobody reads must not keep the process.
void write_line(std::string line) {
  constexpr std::size_t kNeverBlocks = 4096;  // PIPE_BUF, as long as poll() finds room
  if (::isatty(STDERR_FILENO) == 1) {
    line.insert(0, "\r\x1b[K");  // over the progress, and the terminal's own ^C
  }
  line.resize(std::min(line.size(), kNeverBlocks - 1));
  line += '\n';
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0) {
    static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()) == 0);
  }
}

}  // namespace

StopSignals::StopSignals() {
  block_signals(signal_set({SIGINT, SIGTERM}));
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // The listener takes no other signal: it would end the process where another thread waits for it.
  FD_CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  thread_ = std::thread([this] { listen(); });
  FD_CHECK(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
}

StopSignals::~StopSignals() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  FD_CHECK(pthread_kill(thread_.native_handle(), SIGTERM) == 0);  // wakes it
  thread_.join();
}

void StopSignals::say(std::string words) {
  const std::lock_guard lock(mutex_);
  words_ = std::move(words);
}

void StopSignals::listen() {
  name_thread("fd-signals");
  const sigset_t signals = signal_set({SIGINT, SIGTERM});
  for (;;) {
    int number = 0;
    FD_CHECK(sigwait(&signals, &number) == 0);
    const std::lock_guard lock(mutex_);
    if (ended_) {
      return;
    }
    if (!draining_ || first_ != 0) {
      end_process(number);
    }
    first_ = number;
    wake_signal_wait();
  }
}

void StopSignals::end_process(int number) const {
  std::string line = "stopped";
  if (draining_) {
    line += " at once";
    if (under_way_ > 0) {
      line += "; calls under way, which may be billed: " + std::to_string(under_way_);
    }
  }
  write_line(words_.empty() ? line : line + "; " + words_);
  ::_exit(kExitSignal + number);
}

Drain::Drain(StopSignals& signals) : signals_(signals) {
  const std::lock_guard lock(signals_.mutex_);
  FD_CHECK(!signals_.draining_);
  signals_.draining_ = true;
  signals_.first_ = 0;
  signals_.under_way_ = 0;
}

Drain::~Drain() {
  finish();
}

int Drain::signal() const {
  const std::lock_guard lock(signals_.mutex_);
  return signals_.first_;
}

void Drain::under_way(std::uint64_t calls) {
  const std::lock_guard lock(signals_.mutex_);
  signals_.under_way_ = calls;
}

int Drain::finish() {
  const std::lock_guard lock(signals_.mutex_);
  signals_.draining_ = false;
  return signals_.first_;
}

}  // namespace fd
