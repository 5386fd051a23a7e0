#include "actors/gateway/call_scheduler.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base/result.hpp"

namespace fd {

void CallScheduler::wake_one() {
  if (stopped_) {
    return;  // some workers may be gone
  }
  for (Seat& seat : seats_) {
    if (!seat.awake) {
      seat.awake = true;
      seat.worker->wake();
      return;
    }
  }
}

void CallScheduler::submit(ChatCall call) {
  JobPtr job = make_job(std::move(call), clock_.now());
  const std::lock_guard lock(mutex_);
  queue_.add(std::move(job));
  if (queue_.has_free_slot()) {
    wake_one();
  }
}

void CallScheduler::set_shares(const std::vector<Share>& shares) {
  const std::lock_guard lock(mutex_);
  queue_.set_shares(shares);
  wake_one();
}

CallLoad CallScheduler::load() const {
  const std::lock_guard lock(mutex_);
  return queue_.load();
}

void CallScheduler::set_send_deadline(Instant deadline) {
  const std::lock_guard lock(mutex_);
  queue_.set_send_deadline(deadline);
  wake_one();
}

void CallScheduler::cancel() {
  const std::lock_guard lock(mutex_);
  queue_.cancel(clock_.now());
  wake_one();
}

void CallScheduler::join(CallWorker& worker) {
  const std::lock_guard lock(mutex_);
  seats_.push_back(Seat{&worker, true});
}

void CallScheduler::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const Seat& seat : seats_) {
    seat.worker->wake();
  }
}

void CallScheduler::exchange(const CallWorker& worker, std::size_t in_flight,
                             std::vector<FinishedJob>& finished, Turn& turn) {
  const Instant now = clock_.now();
  const std::lock_guard lock(mutex_);
  turn.stop = stopped_;
  if (stopped_) {
    return;
  }
  const auto seat = std::find_if(seats_.begin(), seats_.end(),
                                 [&](const Seat& taken) { return taken.worker == &worker; });
  FD_CHECK(seat != seats_.end());
  seat->awake = true;
  for (FinishedJob& done : finished) {
    queue_.finish(std::move(done.job), done.attempt, now);
  }
  finished.clear();
  const std::size_t share = (queue_.slots() + seats_.size() - 1) / seats_.size();
  const std::size_t room = share > in_flight ? share - in_flight : 0;
  queue_.take(now, room, turn.to_send);
  queue_.take_ended(turn.ended);
  turn.due = queue_.next_due();
  if (turn.to_send.size() == room) {
    // It is full: its own calls wake it. What is left is for another worker.
    if (turn.due && *turn.due <= now) {
      wake_one();
    }
    turn.due.reset();
  }
  seat->awake = false;
}

}  // namespace fd
