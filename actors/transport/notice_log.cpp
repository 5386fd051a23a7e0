#include "actors/transport/notice_log.hpp"

namespace fd {
namespace {

const char* event_of(TransportNotice::Kind kind) {
  switch (kind) {
    case TransportNotice::Kind::handshake_refused:
      return "handshake_refused";
    case TransportNotice::Kind::handshake_failed:
      return "handshake_failed";
    case TransportNotice::Kind::key_removed:
      return "message_of_removed_key";
    case TransportNotice::Kind::frame_count:
      return "message_of_other_shape";
    case TransportNotice::Kind::peer_refused:
      return "peer_refused";
    case TransportNotice::Kind::open_failed:
      return "connection_not_taken";
  }
  return "transport";
}

}  // namespace

bool NoticeBudget::take(Instant now) {
  ++total_;
  if (!minute_ || now - *minute_ >= std::chrono::minutes(1)) {
    minute_ = now;
    written_ = 0;
  }
  return ++written_ <= kNoticesPerMinute;
}

void NoticeLog::write(const TransportNotice& notice) {
  std::uint64_t total = 0;
  {
    const std::lock_guard lock(mutex_);
    NoticeBudget& budget = budgets_.at(static_cast<std::size_t>(notice.kind));
    if (!budget.take(clock_.now())) {
      return;
    }
    total = budget.total();
  }
  log_.warn(event_of(notice.kind), {{"why", notice.detail}, {"total", std::to_string(total)}});
}

}  // namespace fd
