#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <curl/curl.h>

#include "actors/gateway/call_sender.hpp"
#include "actors/gateway/http/curl_multi.hpp"
#include "actors/gateway/http/curl_senders.hpp"
#include "actors/gateway/http/curl_transfer.hpp"
#include "actors/system/descriptor.hpp"
#include "actors/system/wake_event.hpp"

namespace fd {

/// What all loops of a gateway share. Lifetime: outlives them.
struct LoopContext {
  std::vector<CurlTarget> targets;  ///< by endpoint
  double request_timeout_s = 0;
  AttemptListener failed;          ///< may be empty
  std::vector<std::string> names;  ///< of the providers, by endpoint
  const Clock* clock = nullptr;
};

/// A thread that sends calls: one epoll instance over as many libcurl multi handles as its
/// transfers need.
class CurlLoop final : public CallSender {
 public:
  /// Starts the thread, joined to `exchange`. `number`: of the loop among those of its gateway.
  CurlLoop(const LoopContext& context, CallExchange& exchange, std::size_t number);
  /// Requires: its turns say `stop` now. Waits for the thread; calls in flight are dropped.
  ~CurlLoop() override;
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void wake() override;

 private:
  void run(std::size_t number);
  void send(JobPtr job);
  std::size_t multi_with_room();
  CurlTransfer& free_transfer();
  void collect();
  void finish(CurlTransfer& transfer, CURLcode code);
  void keep_finished(JobPtr job, Attempt attempt);
  void fail_unsent(JobPtr job, const std::string& error);
  void wait(const SendTurn& turn);
  [[nodiscard]] int wait_ms(const SendTurn& turn) const;

  const LoopContext& context_;
  CallExchange& exchange_;
  WakeEvent woken_;
  Descriptor epoll_;
  std::vector<std::unique_ptr<CurlMulti>> multis_;
  std::vector<std::unique_ptr<CurlTransfer>> transfers_;  ///< all that were ever needed
  std::vector<CurlTransfer*> free_;
  std::vector<FinishedJob> finished_;
  std::size_t in_flight_ = 0;
  std::thread thread_;
};

}  // namespace fd
