#include "actors/gateway/http/curl_gateway.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "actors/gateway/call_scheduler.hpp"
#include "actors/gateway/http/curl_loop.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

/// Calls in flight for which one thread is enough.
constexpr std::size_t kLoopTransfers = 2048;
/// More threads than this many would only share the same processors.
constexpr std::size_t kMaxLoops = 16;

GatewayConfig with_providers(GatewayConfig config, const std::vector<Endpoint>& endpoints) {
  config.providers.clear();
  for (const Endpoint& endpoint : endpoints) {
    config.providers.push_back(endpoint.config);
  }
  return config;
}

LoopContext context_of(const std::vector<Endpoint>& endpoints, const GatewayConfig& config,
                       ChatCallback callback, const Clock& clock) {
  LoopContext context;
  for (const Endpoint& endpoint : endpoints) {
    context.targets.emplace_back(endpoint);
    context.names.push_back(endpoint.config.name);
    if (!endpoint.api_key.empty()) {
      context.secrets.push_back(endpoint.api_key);
    }
  }
  context.request_timeout_s = config.request_timeout_s;
  context.callback = std::move(callback);
  context.clock = &clock;
  return context;
}

}  // namespace

struct CurlGateway::Impl {
  Impl(const std::vector<Endpoint>& endpoints, const GatewayConfig& config, std::uint32_t slots,
       std::uint64_t seed, ChatCallback callback, AttemptListener failed)
      : context(context_of(endpoints, config, std::move(callback), clock)),
        scheduler(with_providers(config, endpoints), slots, seed, clock) {
    context.failed = std::move(failed);
    FD_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    add_loops(slots);
  }

  ~Impl() {
    scheduler.stop();
    loops.clear();
    curl_global_cleanup();
  }

  /// Starts the threads that `slots` calls need; there are never fewer again.
  void add_loops(std::uint32_t slots) {
    const std::size_t wanted = (slots + kLoopTransfers - 1) / kLoopTransfers;
    const std::size_t count = std::clamp<std::size_t>(wanted, 1, kMaxLoops);
    const std::lock_guard lock(loops_mutex);
    while (loops.size() < count) {
      loops.push_back(std::make_unique<CurlLoop>(context, scheduler, loops.size()));
    }
  }

  SystemClock clock;
  LoopContext context;
  CallScheduler scheduler;
  std::mutex loops_mutex;
  std::vector<std::unique_ptr<CurlLoop>> loops;
};

CurlGateway::CurlGateway(std::vector<Endpoint> endpoints, const GatewayConfig& config,
                         std::uint32_t slots, std::uint64_t seed, ChatCallback callback,
                         AttemptListener failed)
    : impl_(std::make_unique<Impl>(endpoints, config, slots, seed, std::move(callback),
                                   std::move(failed))) {}

CurlGateway::~CurlGateway() = default;

void CurlGateway::submit(ChatCall call) {
  impl_->scheduler.submit(std::move(call));
}

void CurlGateway::set_shares(const std::vector<Share>& shares) {
  impl_->add_loops(total_calls(shares));
  impl_->scheduler.set_shares(shares);
}

CallLoad CurlGateway::load() const {
  return impl_->scheduler.load();
}

void CurlGateway::set_send_deadline(Instant deadline) {
  impl_->scheduler.set_send_deadline(deadline);
}

void CurlGateway::cancel_waiting() {
  impl_->scheduler.cancel();
}

}  // namespace fd
