#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "actors/gateway/gateway.hpp"

namespace fd {

/// A gateway that can be taken away while others still hold it: the teacher stage may submit until
/// its actor has ended, which nobody waits for. Thread: any.
class ClosableGateway final : public Gateway {
 public:
  explicit ClosableGateway(std::unique_ptr<Gateway> inner) : inner_(std::move(inner)) {}
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
    return inner_ != nullptr ? inner_->load() : CallLoad{};
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
};

}  // namespace fd
