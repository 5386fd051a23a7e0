#pragma once

#include <algorithm>
#include <iterator>
#include <vector>

#include "actors/transport.hpp"
#include "protocol/frame.hpp"

namespace fd {

/// Received frames by how soon they are read, each part in the order they came.
struct FrameLanes {
  std::vector<Incoming> urgent;
  std::vector<Incoming> records;
};

/// Records go last: to answer all else costs next to nothing, and it should not wait for all that
/// workers have delivered. What a worker asks for stays in order with its states: it takes the
/// answer to a state for proof that what it asked for before was answered too, and asks again for
/// what has not come.
inline FrameLanes frame_lanes(std::vector<Incoming> frames) {
  const auto urgent = [](const Incoming& incoming) {
    const auto frame = decode_frame(incoming.bytes);
    return frame.ok() && frame->kind != MessageKind::deliver;
  };
  const auto records = std::stable_partition(frames.begin(), frames.end(), urgent);
  FrameLanes lanes;
  lanes.records.assign(std::make_move_iterator(records), std::make_move_iterator(frames.end()));
  frames.erase(records, frames.end());
  lanes.urgent = std::move(frames);
  return lanes;
}

}  // namespace fd
