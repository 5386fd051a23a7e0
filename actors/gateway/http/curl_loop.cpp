#include "actors/gateway/http/curl_loop.hpp"

#include <algorithm>
#include <utility>

#include <signal.h>

#include "actors/gateway/openai/error_text.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/thread_name.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

/// The longest sleep; libcurl and the scheduler end it when there is something to do.
constexpr int kMaxWaitMs = 60'000;

/// Keeps the process's signals away from this thread. SIGPIPE is among them: with NOSIGNAL libcurl
/// leaves it alone, and a TLS connection that the other side closed would raise it.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    sigdelset(&all, fault);
  }
  FD_CHECK(pthread_sigmask(SIG_BLOCK, &all, nullptr) == 0);
}

}  // namespace

CurlLoop::CurlLoop(const LoopContext& context, CallScheduler& scheduler, std::size_t number)
    : context_(context), scheduler_(scheduler), multi_(curl_multi_init()) {
  FD_CHECK(multi_ != nullptr);
  // A cache that is smaller than the number of transfers opens a connection for almost every call.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(kMaxLoopTransfers));
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  scheduler_.join(*this);
  thread_ = std::thread([this, number] { run(number); });
}

CurlLoop::~CurlLoop() {
  thread_.join();
  for (const auto& transfer : transfers_) {
    if (std::find(free_.begin(), free_.end(), transfer.get()) == free_.end()) {
      curl_multi_remove_handle(multi_, transfer->easy());
    }
  }
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

void CurlLoop::wake() {
  curl_multi_wakeup(multi_);
}

void CurlLoop::run(std::size_t number) {
  name_thread(("fd-gateway-" + std::to_string(number)).c_str());
  block_signals();
  CallScheduler::Turn turn;
  while (true) {
    scheduler_.exchange(*this, in_flight_, finished_, turn);
    if (turn.stop) {
      return;
    }
    for (JobPtr& job : turn.to_send) {
      send(std::move(job));
    }
    turn.to_send.clear();
    int running = 0;
    FD_CHECK(curl_multi_perform(multi_, &running) == CURLM_OK);
    deliver(turn.ended);
    collect();
    if (finished_.empty()) {
      wait(turn);
    }
  }
}

void CurlLoop::deliver(std::vector<JobPtr>& ended) {
  for (const JobPtr& job : ended) {
    FD_FAILPOINT("k25.reply_complete");
    ChatResult& result = job->result;
    result.call.error = redact(std::move(result.call.error), context_.secrets);
    context_.callback(std::move(result));
  }
  ended.clear();
}

void CurlLoop::send(JobPtr job) {
  const CurlTarget& target = context_.targets.at(job->place.endpoint);
  if (!target.fault().empty()) {
    fail_unsent(std::move(job), target.fault());
    return;
  }
  if (free_.empty()) {
    transfers_.push_back(std::make_unique<CurlTransfer>(context_.request_timeout_s));
    free_.push_back(transfers_.back().get());
  }
  CurlTransfer& transfer = *free_.back();
  free_.pop_back();
  transfer.begin(std::move(job), target);
  FD_CHECK(curl_multi_add_handle(multi_, transfer.easy()) == CURLM_OK);
  ++in_flight_;
}

void CurlLoop::fail_unsent(JobPtr job, const std::string& error) {
  Attempt attempt;
  attempt.end = AttemptEnd::unusable;
  attempt.error = error;
  finished_.push_back(FinishedJob{std::move(job), std::move(attempt)});
}

void CurlLoop::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) {
      finish(CurlTransfer::of(message->easy_handle), message->data.result);
    }
  }
}

void CurlLoop::finish(CurlTransfer& transfer, CURLcode code) {
  Attempt attempt = transfer.conclude(code);
  FD_CHECK(curl_multi_remove_handle(multi_, transfer.easy()) == CURLM_OK);
  finished_.push_back(FinishedJob{transfer.release(), std::move(attempt)});
  free_.push_back(&transfer);
  --in_flight_;
}

void CurlLoop::wait(const CallScheduler::Turn& turn) {
  if (in_flight_ > 0) {
    FD_FAILPOINT("k23.call_under_way");
  }
  int timeout_ms = kMaxWaitMs;
  if (turn.due) {
    const Duration left = *turn.due - context_.clock->now();
    const auto up = (left + std::chrono::microseconds(999)) / std::chrono::milliseconds(1);
    timeout_ms = static_cast<int>(std::clamp<std::int64_t>(up, 0, kMaxWaitMs));
  }
  FD_CHECK(curl_multi_poll(multi_, nullptr, 0, timeout_ms, nullptr) == CURLM_OK);
}

}  // namespace fd
