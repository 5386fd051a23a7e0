#pragma once

#include <iterator>
#include <vector>

#include "actors/transport/transport.hpp"
#include "protocol/frame.hpp"

namespace fd {

/// Received frames by how soon they are read, each part in the order they came.
struct FrameLanes {
  std::vector<Incoming> urgent;
  std::vector<Incoming> records;
};

/// Records go last: to answer all else costs next to nothing, and it should not wait for all that
/// workers have delivered. An echo stays behind them, and behind what was asked for before it: what
/// a worker has no answer to by then it asks for again.
inline FrameLanes frame_lanes(std::vector<Incoming> frames) {
  const auto urgent = [](const Incoming& incoming) {
    const auto frame = decode_frame(incoming.bytes);
    return frame.ok() && frame->kind != MessageKind::deliver && frame->kind != MessageKind::echo;
  };
  const auto records = std::stable_partition(frames.begin(), frames.end(), urgent);
  FrameLanes lanes;
  lanes.records.assign(std::make_move_iterator(records), std::make_move_iterator(frames.end()));
  frames.erase(records, frames.end());
  lanes.urgent = std::move(frames);
  return lanes;
}

}  // namespace fd
