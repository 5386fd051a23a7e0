#include "actors/gateway/http/curl_senders.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "actors/gateway/http/curl_loop.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

/// Calls in flight for which one thread is enough.
constexpr std::size_t kLoopTransfers = 2048;
/// More threads than this many would only share the same processors.
constexpr std::size_t kMaxLoops = 16;

LoopContext context_of(const std::vector<Endpoint>& endpoints, double request_timeout_s,
                       const Clock& clock) {
  LoopContext context;
  for (const Endpoint& endpoint : endpoints) {
    context.targets.emplace_back(endpoint);
    context.names.push_back(endpoint.config.name);
  }
  context.request_timeout_s = request_timeout_s;
  context.clock = &clock;
  return context;
}

class CurlSenders final : public CallSenders {
 public:
  CurlSenders(const std::vector<Endpoint>& endpoints, double request_timeout_s,
              AttemptListener failed, CallExchange& exchange)
      : context_(context_of(endpoints, request_timeout_s, clock_)), exchange_(exchange) {
    context_.failed = std::move(failed);
    FD_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  }
  ~CurlSenders() override {
    loops_.clear();
    curl_global_cleanup();
  }
  CurlSenders(const CurlSenders&) = delete;
  CurlSenders& operator=(const CurlSenders&) = delete;

  /// Starts the threads that `calls` need; there are never fewer again.
  void make_room(std::uint32_t calls) override {
    const std::size_t wanted = (calls + kLoopTransfers - 1) / kLoopTransfers;
    const std::size_t count = std::clamp<std::size_t>(wanted, 1, kMaxLoops);
    while (loops_.size() < count) {
      loops_.push_back(std::make_unique<CurlLoop>(context_, exchange_, loops_.size()));
    }
  }

 private:
  SystemClock clock_;
  LoopContext context_;
  CallExchange& exchange_;
  std::vector<std::unique_ptr<CurlLoop>> loops_;
};

}  // namespace

MakeSenders curl_senders(std::vector<Endpoint> endpoints, double request_timeout_s,
                         AttemptListener failed) {
  return [endpoints = std::move(endpoints), request_timeout_s,
          failed = std::move(failed)](CallExchange& exchange) -> std::unique_ptr<CallSenders> {
    return std::make_unique<CurlSenders>(endpoints, request_timeout_s, failed, exchange);
  };
}

}  // namespace fd
