#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "actors/gateway/gateway.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// Counts the calls of one session, and for how long all its slots were taken. Thread: any.
class GatewayMeter {
 public:
  explicit GatewayMeter(const Clock& clock) : clock_(clock) {}
  void set_slots(std::uint32_t slots);
  void started();
  void ended();
  /// Returns for how long all slots were taken, in milliseconds.
  [[nodiscard]] std::uint64_t full_ms() const;

 private:
  void settle();
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::uint32_t slots_ = 1;
  std::uint32_t under_way_ = 0;  ///< waiting and in flight
  Duration full_{};
  Instant since_{};  ///< when full_ was brought up to date
};

/// A gateway that reports to a meter. Its results report to the meter where it was made.
class MeteredGateway final : public Gateway {
 public:
  /// Lifetime: `meter` outlives the gateway.
  MeteredGateway(std::unique_ptr<Gateway> inner, GatewayMeter& meter)
      : meter_(meter), inner_(std::move(inner)) {}
  void submit(ChatCall call) override {
    meter_.started();
    inner_->submit(std::move(call));
  }
  void set_shares(const std::vector<Share>& shares) override {
    meter_.set_slots(total_calls(shares));
    inner_->set_shares(shares);
  }
  [[nodiscard]] CallLoad load() const override { return inner_->load(); }
  void set_send_deadline(Instant deadline) override { inner_->set_send_deadline(deadline); }
  void cancel_waiting() override { inner_->cancel_waiting(); }

 private:
  GatewayMeter& meter_;
  std::unique_ptr<Gateway> inner_;
};

}  // namespace fd
