#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "actors/journal/call_journal.hpp"

namespace fd {

/// A journal that keeps nothing, for calls whose answers nobody needs again: whatever it is given
/// counts as durable at once.
class UnkeptJournal final : public CallJournal {
 public:
  UnkeptJournal() : thread_([this] { run(); }) {}
  ~UnkeptJournal() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  UnkeptJournal(const UnkeptJournal&) = delete;
  UnkeptJournal& operator=(const UnkeptJournal&) = delete;

  std::uint32_t append_intent(const JournalIntent&, Then then) override {
    put(std::move(then), 0);
    return 0;
  }
  std::uint64_t append_end(std::uint32_t, const JournalEnd&, Then then) override {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(then), ++seq_);
    changed_.notify_all();
    return seq_;
  }
  void append_cancelled(std::uint32_t, const JournalCancelled&, Then then) override {
    put(std::move(then), 0);
  }
  void release(std::uint64_t) override {}
  void flush() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.empty() && !busy_; });
  }

 private:
  void put(Then then, std::uint64_t seq) {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(then), seq);
    changed_.notify_all();
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      auto [then, seq] = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
      lock.unlock();
      if (then) {
        then({true, seq});
      }
      lock.lock();
      busy_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Then, std::uint64_t>> queue_;
  std::uint64_t seq_ = 0;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fd
