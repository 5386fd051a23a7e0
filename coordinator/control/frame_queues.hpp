#pragma once

#include <iterator>
#include <vector>

#include "actors/transport/transport.hpp"
#include "protocol/frame.hpp"

namespace fd {

/// Received frames by how soon they are read, each part in the order they came.
struct FrameQueues {
  std::vector<Incoming> urgent;
  std::vector<Incoming> records;
};

/// Records go last: to answer all else costs next to nothing, and it should not wait for all that
/// workers have delivered. A flush marker stays behind them, and behind what was asked for before
/// it: what a worker has no answer to by then it asks for again.
inline FrameQueues frame_queues(std::vector<Incoming> frames) {
  const auto urgent = [](const Incoming& incoming) {
    const auto frame = decode_frame(incoming.bytes);
    return frame.ok() && frame->kind != MessageKind::deliver &&
           frame->kind != MessageKind::flush_marker;
  };
  const auto records = std::stable_partition(frames.begin(), frames.end(), urgent);
  FrameQueues queues;
  queues.records.assign(std::make_move_iterator(records), std::make_move_iterator(frames.end()));
  frames.erase(records, frames.end());
  queues.urgent = std::move(frames);
  return queues;
}

}  // namespace fd
