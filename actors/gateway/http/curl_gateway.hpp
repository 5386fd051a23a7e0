#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/gateway/gateway.hpp"
#include "actors/gateway/http/endpoint.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// HTTP/1.1 chat completions through libcurl's multi interface on a thread of its own (one for
/// every 2,048 slots), with keep-alive, retry with backoff, and no silent re-send of a POST.
class CurlGateway final : public Gateway {
 public:
  /// `slots`: calls in flight over all providers, until the first set_shares(). `seed` feeds the
  /// backoff's jitter. The providers are those of `endpoints`. Requires: at least one.
  CurlGateway(std::vector<Endpoint> endpoints, const GatewayConfig& config, std::uint32_t slots,
              std::uint64_t seed, ChatCallback callback);
  /// Ends the thread. Calls in flight are given up without a callback.
  ~CurlGateway() override;
  CurlGateway(const CurlGateway&) = delete;
  CurlGateway& operator=(const CurlGateway&) = delete;

  void submit(ChatCall call) override;
  void set_shares(const std::vector<Share>& shares) override;
  [[nodiscard]] CallLoad load() const override;
  void set_send_deadline(Instant deadline) override;
  void cancel_waiting() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd
