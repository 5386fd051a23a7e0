#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <curl/curl.h>

#include "actors/gateway/call_scheduler.hpp"
#include "actors/gateway/http/curl_gateway.hpp"
#include "actors/gateway/http/curl_multi.hpp"
#include "actors/gateway/http/curl_transfer.hpp"
#include "actors/system/descriptor.hpp"
#include "actors/system/wake_event.hpp"

namespace fd {

/// What all loops of a gateway share. Lifetime: outlives them.
struct LoopContext {
  std::vector<CurlTarget> targets;   ///< by endpoint
  std::vector<std::string> secrets;  ///< kept out of errors
  double request_timeout_s = 0;
  ChatCallback callback;
  AttemptListener failed;          ///< may be empty
  std::vector<std::string> names;  ///< of the providers, by endpoint
  const Clock* clock = nullptr;
};

/// A thread that sends what a scheduler has: one epoll instance over as many libcurl multi handles
/// as its transfers need.
class CurlLoop final : public CallWorker {
 public:
  /// Starts the thread, joined to `scheduler`. `number`: of the loop among those of its gateway.
  CurlLoop(const LoopContext& context, CallScheduler& scheduler, std::size_t number);
  /// Requires: the scheduler was stopped. Waits for the thread; calls in flight are dropped.
  ~CurlLoop() override;
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void wake() override;

 private:
  void run(std::size_t number);
  void send(JobPtr job);
  std::size_t multi_with_room();
  CurlTransfer& free_transfer();
  void deliver(std::vector<JobPtr>& ended);
  void collect();
  void finish(CurlTransfer& transfer, CURLcode code);
  void keep_finished(JobPtr job, Attempt attempt);
  void fail_unsent(JobPtr job, const std::string& error);
  void wait(const CallScheduler::Turn& turn);
  [[nodiscard]] int wait_ms(const CallScheduler::Turn& turn) const;

  const LoopContext& context_;
  CallScheduler& scheduler_;
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
