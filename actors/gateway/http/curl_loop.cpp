#include "actors/gateway/http/curl_loop.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <signal.h>
#include <sys/epoll.h>

#include "actors/system/failpoint.hpp"
#include "actors/system/thread_name.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

/// The longest sleep; a socket, a timer of libcurl's and a wake-up end it before.
constexpr int kMaxWaitMs = 60'000;
/// Events taken in one go.
constexpr std::size_t kEventsAtOnce = 128;
/// What stands in place of a multi handle's index for the wake-up event.
constexpr std::uint32_t kWoken = UINT32_MAX;

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

CurlLoop::CurlLoop(const LoopContext& context, CallExchange& exchange, std::size_t number)
    : context_(context),
      exchange_(exchange),
      woken_(WakeEvent::make().value()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = std::uint64_t{kWoken} << 32;
  FD_CHECK(epoll_ && epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, woken_.get(), &event) == 0);
  exchange_.join(*this);
  thread_ = std::thread([this, number] { run(number); });
}

CurlLoop::~CurlLoop() {
  thread_.join();
  for (const auto& transfer : transfers_) {
    if (transfer->busy()) {
      multis_.at(transfer->multi())->remove(transfer->easy());
    }
  }
  transfers_.clear();
}

void CurlLoop::wake() {
  woken_.wake();
}

void CurlLoop::run(std::size_t number) {
  name_thread(("fd-gateway-" + std::to_string(number)).c_str());
  block_signals();
  SendTurn turn;
  while (true) {
    exchange_.exchange(*this, in_flight_, finished_, turn);
    if (turn.stop) {
      return;
    }
    for (JobPtr& job : turn.to_send) {
      send(std::move(job));
    }
    turn.to_send.clear();
    const Instant now = context_.clock->now();
    for (const auto& multi : multis_) {
      multi->on_time(now);
    }
    collect();
    if (finished_.empty()) {
      wait(turn);
    }
  }
}

void CurlLoop::send(JobPtr job) {
  const CurlTarget& target = context_.targets.at(job->place.endpoint);
  if (!target.fault().empty()) {
    fail_unsent(std::move(job), target.fault());
    return;
  }
  CurlTransfer& transfer = free_transfer();
  const std::size_t multi = multi_with_room();
  transfer.begin(std::move(job), target, multi);
  multis_[multi]->add(transfer.easy());
  ++in_flight_;
}

/// Returns the first multi handle that has room: its connections are those that are kept in use.
std::size_t CurlLoop::multi_with_room() {
  const auto found = std::ranges::find_if(multis_, &CurlMulti::has_room);
  const auto index = static_cast<std::size_t>(found - multis_.begin());
  if (found == multis_.end()) {
    multis_.push_back(std::make_unique<CurlMulti>(epoll_.get(), static_cast<std::uint32_t>(index),
                                                  *context_.clock));
  }
  return index;
}

CurlTransfer& CurlLoop::free_transfer() {
  if (free_.empty()) {
    transfers_.push_back(std::make_unique<CurlTransfer>(context_.request_timeout_s));
    free_.push_back(transfers_.back().get());
  }
  CurlTransfer& transfer = *free_.back();
  free_.pop_back();
  return transfer;
}

void CurlLoop::fail_unsent(JobPtr job, const std::string& error) {
  Attempt attempt;
  attempt.end = AttemptEnd::unusable;
  attempt.error = error;
  keep_finished(std::move(job), std::move(attempt));
}

void CurlLoop::keep_finished(JobPtr job, Attempt attempt) {
  if (context_.failed && !attempt.error.empty()) {
    context_.failed(context_.names.at(job->place.endpoint), attempt);
  }
  finished_.push_back(FinishedJob{std::move(job), std::move(attempt)});
}

void CurlLoop::collect() {
  for (const auto& multi : multis_) {
    CURLcode code = CURLE_OK;
    while (CURL* easy = multi->next_done(code)) {
      finish(CurlTransfer::of(easy), code);
    }
  }
}

void CurlLoop::finish(CurlTransfer& transfer, CURLcode code) {
  Attempt attempt = transfer.conclude(code);
  multis_.at(transfer.multi())->remove(transfer.easy());
  keep_finished(transfer.release(), std::move(attempt));
  free_.push_back(&transfer);
  --in_flight_;
}

void CurlLoop::wait(const SendTurn& turn) {
  if (in_flight_ > 0) {
    FD_FAILPOINT("k23.call_under_way");
  }
  std::array<epoll_event, kEventsAtOnce> events{};
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms(turn));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    const auto multi = static_cast<std::uint32_t>(event.data.u64 >> 32);
    if (multi == kWoken) {
      woken_.clear();
    } else {
      multis_.at(multi)->on_socket(static_cast<curl_socket_t>(event.data.u64 & UINT32_MAX),
                                   event.events);
    }
  }
  collect();
}

/// Returns for how long nothing is due, in milliseconds.
int CurlLoop::wait_ms(const SendTurn& turn) const {
  std::optional<Instant> due = turn.due;
  for (const auto& multi : multis_) {
    if (const auto time = multi->due(); time && (!due || *time < *due)) {
      due = time;
    }
  }
  if (!due) {
    return kMaxWaitMs;
  }
  const Duration left = *due - context_.clock->now();
  const auto up = (left + std::chrono::microseconds(999)) / std::chrono::milliseconds(1);
  return static_cast<int>(std::clamp<std::int64_t>(up, 0, kMaxWaitMs));
}

}  // namespace fd
