#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "actors/gateway/gateway.hpp"
#include "actors/stages/stage.hpp"

namespace fd {

/// A gateway that can be taken away while others still hold it: the teacher stage may submit until
/// its actor has ended, which nobody waits for. It knows of calls before they are submitted, so
/// that a worker whose samples are on their way to it does not seem to need nothing. Thread: any.
class ClosableGateway final : public Gateway {
 public:
  /// `calls_each`: of a sample that is on its way.
  ClosableGateway(std::unique_ptr<Gateway> inner, std::uint32_t calls_each)
      : inner_(std::move(inner)), calls_each_(calls_each) {}
  /// Returns what a sample on its way to its calls holds (WorkItem::to_ask).
  [[nodiscard]] std::shared_ptr<const CallsToCome> expect() const { return to_come_; }
  /// Ends the inner gateway; calls that come later are dropped without a result.
  void close() {
    std::unique_ptr<Gateway> ended;
    const std::lock_guard lock(mutex_);
    ended = std::move(inner_);
  }
  void submit(ChatCall call) override {
    const std::lock_guard lock(mutex_);
    if (inner_ != nullptr) {
      inner_->submit(std::move(call));
    }
  }
  void set_shares(const std::vector<Share>& shares) override {
    const std::lock_guard lock(mutex_);
    if (inner_ != nullptr) {
      inner_->set_shares(shares);
    }
  }
  [[nodiscard]] CallLoad load() const override {
    const std::lock_guard lock(mutex_);
    if (inner_ == nullptr) {
      return {};
    }
    CallLoad load = inner_->load();
    load.waiting += static_cast<std::uint32_t>(to_come_.use_count() - 1) * calls_each_;
    return load;
  }
  void set_send_deadline(Instant deadline) override {
    const std::lock_guard lock(mutex_);
    if (inner_ != nullptr) {
      inner_->set_send_deadline(deadline);
    }
  }
  void cancel_waiting() override {
    const std::lock_guard lock(mutex_);
    if (inner_ != nullptr) {
      inner_->cancel_waiting();
    }
  }

 private:
  mutable std::mutex mutex_;
  std::unique_ptr<Gateway> inner_;
  std::shared_ptr<const CallsToCome> to_come_ = std::make_shared<CallsToCome>();
  std::uint32_t calls_each_;
};

}  // namespace fd
