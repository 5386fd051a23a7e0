#include "coordinator/control/frame_queues.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

Incoming frame(MessageKind kind, const std::string& peer) {
  return {peer, encode_frame(kind, "run", Speaker{}, ""), ""};
}

std::string peers(const std::vector<Incoming>& frames) {
  std::string text;
  for (const Incoming& one : frames) {
    text += one.peer;
  }
  return text;
}

// A flush marker that overtook a record or a request would have the worker send it again.
TEST(FrameQueuesTest, RecordsGoLastAndFlushMarkersBehindThem) {
  const FrameQueues queues = frame_queues(
      {frame(MessageKind::deliver, "a"), frame(MessageKind::fetch, "b"),
       frame(MessageKind::flush_marker, "c"), frame(MessageKind::deliver, "d"),
       frame(MessageKind::fetch_database, "e"), frame(MessageKind::worker_state, "f")});
  EXPECT_EQ(peers(queues.urgent), "bef");
  EXPECT_EQ(peers(queues.records), "acd");
}

TEST(FrameQueuesTest, WhatIsNoFrameIsNotUrgent) {
  const FrameQueues queues = frame_queues({{"a", "noise", ""}, frame(MessageKind::fetch, "b")});
  EXPECT_EQ(peers(queues.urgent), "b");
  EXPECT_EQ(peers(queues.records), "a");
}

}  // namespace
}  // namespace fd
