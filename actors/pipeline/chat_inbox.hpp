#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "actors/gateway/chat_call.hpp"

namespace fd {

/// Finished calls between the gateway's threads and the teacher stage: what gathers while the stage
/// is busy goes on as one batch. Thread: any.
class ChatInbox {
 public:
  /// Returns whether the stage must be told: the inbox was empty.
  bool add(ChatResult result) {
    const std::lock_guard lock(mutex_);
    results_.push_back(std::move(result));
    return results_.size() == 1;
  }
  /// Returns what has gathered, in the order in which it came.
  std::vector<ChatResult> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(results_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<ChatResult> results_;
};

}  // namespace fd
