#pragma once

#include <chrono>
#include <csignal>
#include <future>
#include <initializer_list>
#include <utility>

#include "protocol/base/result.hpp"

namespace fd {

/// Sets up a process of ours; call first in main(). A broken pipe and a file that must not grow are
/// errors of their write, and new files are its user's alone. It keeps what it holds (keys) to
/// itself: nothing writes its memory to disk when it crashes, and the kernel is asked to keep other
/// processes of the same user from its memory, environment and open files; root may look. That is
/// not inherited by programs that it starts, and debug builds are left open, for debuggers.
void set_up_process();

/// Returns the set of these signals.
sigset_t signal_set(std::initializer_list<int> numbers);
/// Blocks signals in this thread and those that it starts from now on: next_signal() takes them.
void block_signals(const sigset_t& signals);
/// Waits for one of `signals`, at most for `patience`. Returns its number, or less than 1 for none,
/// also when it was woken. Requires: they are blocked in every thread, and set_up_process() was
/// called.
int next_signal(const sigset_t& signals, std::chrono::milliseconds patience);
/// Ends the wait of next_signal(), or the next one: something happened that it is to be left for.
/// Thread: any.
void wake_signal_wait();
/// Keeps `value` for the thread that waits for signals, and wakes it.
template <class T>
void keep_and_wake(std::promise<T>& promise, T value) {
  promise.set_value(std::move(value));
  wake_signal_wait();
}

/// Prints `error` as that of `program` on standard error. Returns `exit_code`.
int fail(const char* program, const Error& error, int exit_code);

}  // namespace fd
