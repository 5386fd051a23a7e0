#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "coordinator/control/coordinator_events.hpp"

namespace fd {

/// The pieces of databases that are being read for workers. A worker takes what has no answer when
/// its flush marker returns for lost, so the marker waits for what is being read for it. Pure.
class DatabaseReads {
 public:
  /// Pieces at most: later ones are dropped, and asked for again.
  static constexpr std::size_t kMax = 4096;

  /// Returns whether the piece is to be read: not when it is being read for this worker already.
  bool begin(const SendDatabase& asked) {
    return reading_.size() < kMax && reading_.insert(key(asked)).second;
  }
  /// A piece was read. Returns the worker's flush marker if that has waited for the last piece.
  std::optional<SendFlushMarker> end(const SendDatabase& asked) {
    reading_.erase(key(asked));
    if (busy(asked.peer)) {
      return std::nullopt;
    }
    auto held = held_.extract(asked.peer);
    return held ? std::optional(std::move(held.mapped())) : std::nullopt;
  }
  /// Keeps a flush marker until nothing is read for its worker any more; it stands for those
  /// before it. Returns false where nothing is read.
  bool hold(const SendFlushMarker& marker) {
    return busy(marker.peer) && (held_.insert_or_assign(marker.peer, marker), true);
  }

 private:
  using Key = std::pair<PeerId, std::pair<Digest, std::uint64_t>>;
  static Key key(const SendDatabase& asked) {
    return {asked.peer, {asked.fetch.digest, asked.fetch.offset}};
  }
  [[nodiscard]] bool busy(const PeerId& peer) const {
    const auto first = reading_.lower_bound(Key{peer, {}});
    return first != reading_.end() && first->first == peer;
  }
  std::set<Key> reading_;
  std::map<PeerId, SendFlushMarker> held_;
};

}  // namespace fd
