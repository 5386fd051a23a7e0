#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "actors/system/clock.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {

/// Tells what was lost on the bulk connection from what is on its way: a large message may take
/// longer than any lease, and what is repeated too soon only queues up behind it. A flush marker
/// comes back behind the answers to all that was sent before it, so what is unanswered by then is
/// lost. Pure.
class DataChannelMonitor {
 public:
  /// So long something is awaited before a flush marker is sent, and sent again after the last one.
  static constexpr Duration kFlushMarkerAfter = std::chrono::milliseconds(1000);
  /// A connection that is mute for so many times the lease is made anew, while the coordinator
  /// is heard on the other one.
  static constexpr int kMuteTtls = 2;
  /// But not before so many times the longest silence that there was: the link may be slow.
  static constexpr int kMuteSilences = 2;
  /// Nor before a link of this speed has had the time for what was sent.
  static constexpr std::size_t kSlowestBytesPerS = 6000;

  /// What the worker knows.
  struct View {
    bool awaiting = false;       ///< something that was sent is not answered
    std::size_t sent_bytes = 0;  ///< of that, about
    bool in_contact = false;     ///< the coordinator is heard on the other connection
    Duration ttl{};              ///< of a lease
  };
  /// What is to be done, in this order.
  struct Act {
    bool reconnect = false;
    std::optional<std::uint64_t> marker;  ///< send one with this number
  };

  /// Returns a mark to keep with a request that is sent now, for passed().
  [[nodiscard]] std::uint64_t mark() const { return sent_; }
  /// Returns whether a flush marker that was sent after this mark has come back.
  [[nodiscard]] bool passed(std::uint64_t mark) const { return returned_ > mark; }

  /// A message came.
  void heard(Instant now) {
    if (silent_since_) {
      longest_silence_ = std::max(longest_silence_, now - *silent_since_);
      silent_since_ = now;
    }
  }
  void returned(Instant now, std::uint64_t number) {
    heard(now);
    if (!FD_MUTANT(flush_marker_not_heard)) {
      returned_ = std::max(returned_, std::min(number, sent_));
    }
  }
  /// Nothing was heard of the coordinator on any connection: that says nothing of this one.
  void was_away() { silent_since_.reset(); }
  /// Another run or coordinator: what was asked of the last one counts as passed.
  void start_anew() { returned_ = ++sent_; }

  /// The connection was made, or made again: what was on its way may be lost.
  Act connected(Instant now, bool awaiting) {
    return awaiting ? Act{false, next_flush_marker(now)} : Act{};
  }
  /// To be called after every event.
  Act look(Instant now, const View& view) {
    if (!view.awaiting) {
      silent_since_.reset();
      flush_marker_at_.reset();
      return {};
    }
    silent_since_ = silent_since_.value_or(now);
    flush_marker_at_ = flush_marker_at_.value_or(now + kFlushMarkerAfter);
    if (sent_ == returned_) {
      return now >= *flush_marker_at_ ? Act{false, next_flush_marker(now)} : Act{};
    }
    const Duration patience =
        std::max<Duration>({kMuteTtls * view.ttl, kMuteSilences * longest_silence_,
                            std::chrono::seconds(view.sent_bytes / kSlowestBytesPerS)});
    if (!view.in_contact || now - *silent_since_ < patience) {
      return {};
    }
    heard(now);
    start_anew();  // what was on its way is lost with the connection
    return {true, next_flush_marker(now)};
  }

 private:
  std::uint64_t next_flush_marker(Instant now) {
    flush_marker_at_ = now + kFlushMarkerAfter;
    return ++sent_;
  }

  std::uint64_t sent_ = 0;                  ///< number of the last flush marker
  std::uint64_t returned_ = 0;              ///< highest number that came back
  std::optional<Instant> flush_marker_at_;  ///< when the next one is due; none: nothing is awaited
  std::optional<Instant> silent_since_;     ///< what came last, or when the waiting began; as above
  Duration longest_silence_{};
};

}  // namespace fd
