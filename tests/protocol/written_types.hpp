#pragma once

#include <string>

#include <gtest/gtest.h>

#include "protocol/message_fields.hpp"

namespace fd::testing_support {

/// Every record that is written on its own: to disk, or as the body of a message.
using WrittenTypes =
    testing::Types<WorkerState, Order, RunSpec, Fetch, Samples, FetchDatabase, DatabaseChunk,
                   Deliver, Ack, StageRequest, StageReply, FlushMarker, Record, ShareGranted,
                   StartMade, JournalIntent, JournalCancelled, Sample, Answer, Call, Outcome>;
/// Those that are lines of a shard's files too.
using LineTypes = testing::Types<Sample, Answer, Call, Outcome>;

/// Names the tests of a type after what errors call it.
struct TypeNames {
  template <class R>
  static std::string GetName(int) {
    std::string name(kFields<R>.what);
    for (char& c : name) {
      c = c == ' ' ? '_' : c;
    }
    return name;
  }
};

}  // namespace fd::testing_support
