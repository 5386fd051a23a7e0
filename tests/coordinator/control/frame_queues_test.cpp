#include "coordinator/control/frame_queues.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

Incoming frame(MessageKind kind, const std::string& peer) {
  return {peer, encode_frame(kind, "run", ""), ""};
}

std::string peers(const std::vector<Incoming>& frames) {
  std::string text;
  for (const Incoming& one : frames) {
    text += one.peer;
  }
  return text;
}

// An echo that overtook a record or a request would have the worker send it again.
TEST(FrameLanesTest, RecordsGoLastAndEchoesBehindThem) {
  const FrameLanes lanes =
      frame_lanes({frame(MessageKind::deliver, "a"), frame(MessageKind::fetch, "b"),
                   frame(MessageKind::echo, "c"), frame(MessageKind::deliver, "d"),
                   frame(MessageKind::fetch_database, "e"), frame(MessageKind::worker_state, "f")});
  EXPECT_EQ(peers(lanes.urgent), "bef");
  EXPECT_EQ(peers(lanes.records), "acd");
}

TEST(FrameLanesTest, WhatIsNoFrameIsNotUrgent) {
  const FrameLanes lanes = frame_lanes({{"a", "noise", ""}, frame(MessageKind::fetch, "b")});
  EXPECT_EQ(peers(lanes.urgent), "b");
  EXPECT_EQ(peers(lanes.records), "a");
}

}  // namespace
}  // namespace fd
