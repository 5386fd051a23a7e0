#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "actors/gateway/call_sender.hpp"
#include "actors/system/clock.hpp"

namespace fd::testing_support {

inline Attempt answered_attempt() {
  Attempt attempt;
  attempt.sent = true;
  attempt.status = 200;
  return attempt;
}

inline Attempt refused_attempt(std::uint32_t status, std::string error) {
  Attempt attempt;
  attempt.end = AttemptEnd::refused;
  attempt.sent = true;
  attempt.status = status;
  attempt.error = std::move(error);
  return attempt;
}

/// Sends nothing: a script says what becomes of a call, or the test does later.
class ScriptedSenders final : public CallSenders, public CallSender {
 public:
  /// Returns how the attempt ends, having filled in the answer; nothing: the test ends it.
  using Script = std::function<std::optional<Attempt>(Job&)>;

  explicit ScriptedSenders(CallExchange& exchange, Script script = {})
      : exchange_(exchange), script_(std::move(script)) {
    exchange_.join(*this);
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedSenders() override { thread_.join(); }
  ScriptedSenders(const ScriptedSenders&) = delete;
  ScriptedSenders& operator=(const ScriptedSenders&) = delete;

  void make_room(std::uint32_t calls) override { room_ = calls; }
  void wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  /// Returns the attempts so far, once there are `count`.
  std::vector<ChatCall> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= count; });
    return calls_;
  }
  [[nodiscard]] std::size_t sent() { return wait(0).size(); }
  [[nodiscard]] std::uint32_t room() const { return room_; }

  /// Ends the attempt with this number, from 0 on. Requires: it was sent.
  void end(std::size_t number, Attempt attempt) {
    const std::lock_guard lock(mutex_);
    FD_CHECK(held_.contains(number));
    finished_.push_back({std::move(held_.at(number)), std::move(attempt)});
    held_.erase(number);
    changed_.notify_all();
  }
  /// Ends it with these answers, the last of which is that of its result.
  void answer(std::size_t number, const std::vector<std::string>& texts = {"SELECT 1"}) {
    Attempt attempt = answered_attempt();
    attempt.choices = static_cast<std::uint32_t>(texts.size());
    {
      const std::lock_guard lock(mutex_);
      ChatResult& result = held_.at(number)->result;
      for (const std::string& text : texts) {
        result.answer.text = text;
        result.before.push_back(result.answer);
      }
      result.before.pop_back();
    }
    end(number, std::move(attempt));
  }

 private:
  void run() {
    std::vector<FinishedJob> finished;
    SendTurn turn;
    for (;;) {
      std::size_t in_flight = 0;
      {
        const std::lock_guard lock(mutex_);
        finished.swap(finished_);
        in_flight = held_.size();
        woken_ = false;
      }
      exchange_.exchange(*this, in_flight, finished, turn);
      if (turn.stop) {
        return;
      }
      for (JobPtr& job : turn.to_send) {
        begin(std::move(job));
      }
      turn.to_send.clear();
      std::unique_lock lock(mutex_);
      changed_.notify_all();
      const auto wait = std::chrono::milliseconds(1);
      while (!woken_ && finished_.empty() && (!turn.due || clock_.now() < *turn.due)) {
        changed_.wait_for(lock, wait);
      }
    }
  }
  void begin(JobPtr job) {
    std::optional<Attempt> attempt = script_ ? script_(*job) : std::nullopt;
    const std::lock_guard lock(mutex_);
    calls_.push_back(job->call);
    if (attempt) {
      finished_.push_back({std::move(job), std::move(*attempt)});
    } else {
      held_[calls_.size() - 1] = std::move(job);
    }
  }

  CallExchange& exchange_;
  Script script_;
  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ChatCall> calls_;
  std::map<std::size_t, JobPtr> held_;
  std::vector<FinishedJob> finished_;
  bool woken_ = false;
  std::uint32_t room_ = 0;
  std::thread thread_;
};

}  // namespace fd::testing_support
