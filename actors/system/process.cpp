#include "actors/system/process.hpp"

#include <cstdio>
#include <ctime>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/// Read by jemalloc at start: freed pages stay for a minute, because the next batch wants them
/// again.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:60000,muzzy_decay_ms:60000";
}

namespace fd {

namespace {

/// Tells next_signal() to return. It is ignored by default, so that it harms no program that we
/// start, and kept all the same where it is blocked.
constexpr int kWakeSignal = SIGURG;

}  // namespace

void set_up_process() {
  block_signals(signal_set({kWakeSignal}));
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  ::umask(077);
#ifdef NDEBUG
  // The limit alone does not keep a core from a program that the kernel pipes it to; both can only
  // fail where the kernel knows no core dumps.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

sigset_t signal_set(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) {
    sigaddset(&signals, number);
  }
  return signals;
}

void block_signals(const sigset_t& signals) {
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int next_signal(const sigset_t& signals, std::chrono::milliseconds patience) {
  const timespec time{patience.count() / 1000, patience.count() % 1000 * 1'000'000};
  sigset_t awaited = signals;
  sigaddset(&awaited, kWakeSignal);
  const int number = sigtimedwait(&awaited, nullptr, &time);
  return number == kWakeSignal ? 0 : number;
}

void wake_signal_wait() {
  ::kill(::getpid(), kWakeSignal);
}

int fail(const char* program, const Error& error, int exit_code) {
  std::fprintf(stderr, "%s: %s\n", program, error.message.c_str());
  return exit_code;
}

}  // namespace fd
