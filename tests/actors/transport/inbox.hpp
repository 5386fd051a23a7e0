#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/transport/transport.hpp"
#include "actors/transport/transport_security.hpp"

namespace fd {

/// How long a test waits for what must come: only a broken one does.
inline constexpr std::chrono::seconds kTestPatience{20};

/// Collects what comes in, and waits for it.
class Inbox {
 public:
  ReceiveCallback callback() {
    return [this](std::vector<Incoming> messages) {
      const std::lock_guard lock(mutex_);
      std::move(messages.begin(), messages.end(), std::back_inserter(messages_));
      changed_.notify_all();
    };
  }
  /// Returns the messages so far, at least `count` unless the test is broken.
  std::vector<Incoming> wait_for(std::size_t count,
                                 std::chrono::milliseconds patience = kTestPatience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return messages_.size() >= count; });
    return messages_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Incoming> messages_;
};

/// Collects what a transport refused.
class Notices {
 public:
  std::function<void(const TransportNotice&)> callback() {
    return [this](const TransportNotice& notice) {
      const std::lock_guard lock(mutex_);
      notices_.push_back(notice);
      changed_.notify_all();
    };
  }
  /// Returns the first notice of this kind; one with an empty detail if none comes.
  TransportNotice wait_for(TransportNotice::Kind kind) {
    std::unique_lock lock(mutex_);
    TransportNotice found{kind, ""};
    changed_.wait_for(lock, kTestPatience, [&] {
      const auto at = std::find_if(notices_.begin(), notices_.end(),
                                   [&](const TransportNotice& one) { return one.kind == kind; });
      if (at == notices_.end()) {
        return false;
      }
      found = *at;
      return true;
    });
    return found;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TransportNotice> notices_;
};

}  // namespace fd
