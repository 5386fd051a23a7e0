#include "protocol/messages.hpp"

#include <gtest/gtest.h>

#include "tests/protocol/full_values.hpp"
#include "tests/protocol/written_types.hpp"

namespace fd {
namespace {

using testing_support::full;
using testing_support::TypeNames;
using testing_support::WrittenTypes;

template <class M>
class WrittenMessages : public testing::Test {};
TYPED_TEST_SUITE(WrittenMessages, WrittenTypes, TypeNames);

TYPED_TEST(WrittenMessages, ComeBackAsTheyWent) {
  for (const TypeParam& value : {TypeParam{}, full<TypeParam>()}) {
    const auto read = decode<TypeParam>(encode(value));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, value);
  }
}

/// K01: every truncation of every message is an error, and has no partial effect.
TYPED_TEST(WrittenMessages, K01EveryTruncationIsRefused) {
  const std::string body = encode(full<TypeParam>());
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto decoded = decode<TypeParam>(std::string_view(body).substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size;
    ASSERT_EQ(decoded.error().code, Errc::invalid_input);
  }
}

TYPED_TEST(WrittenMessages, AreNeverLongerThanTheirSizeBound) {
  for (const TypeParam& value : {TypeParam{}, full<TypeParam>()}) {
    EXPECT_GE(encoded_size_bound(value), encode(value).size());
  }
}

TEST(Messages, AnEmptyStageReplyComesBackAsItWent) {
  EXPECT_EQ(*decode<StageReply>(encode(StageReply{7, {}, true})), (StageReply{7, {}, true}));
  EXPECT_EQ(*decode<StageReply>(encode(StageReply{7, {}, false, true})),
            (StageReply{7, {}, false, true}));
}

/// K04, K06: size bombs, trailing bytes, wrong types, duplicate and foreign keys.
TEST(Messages, K06MalformedBodiesAreRefusedByName) {
  const auto error = [](const auto& decoded) { return decoded.error().message; };
  const std::string good = encode(Ack{1});
  EXPECT_EQ(error(decode<Ack>(good + good)), "message: bytes behind its end");
  EXPECT_FALSE(decode<Ack>(std::string("\xdd\xff\xff\xff\xff", 5)).ok());  // array32, 4 G items
  EXPECT_FALSE(decode<Ack>(std::string("\xdf\xff\xff\xff\xff", 5)).ok());  // map32, 4 G members
  EXPECT_EQ(error(decode<Ack>("\x91\x01")), "ack: field 0 is no map");
  EXPECT_EQ(error(decode<FetchDatabase>("\x81\x02\x02")), "fetch database: field 1 is missing");
  EXPECT_EQ(error(decode<Fetch>("\x82\x01\x01\x02\x02")), "fetch: field 3 is missing");
  EXPECT_EQ(error(decode<Ack>("\x82\x01\x01\x01\x02")), "ack: field 1 stands twice");
  EXPECT_EQ(error(decode<Ack>("\x83\x01\x01\x50\x01\x50\x02")), "ack: field 80 stands twice");
  EXPECT_EQ(error(decode<Ack>("\x82\xa1x\x01\x01\x03")),
            "ack: field 0 has a key that is no number");
  EXPECT_EQ(error(decode<Ack>("\x81\x01\xff")), "ack: field 1 is no whole number in range");  // -1
  std::string nested(100000, '\x91');
  EXPECT_FALSE(decode<Ack>(nested).ok());
}

TEST(Messages, UnknownIntegerKeysAreIgnored) {
  const auto decoded = decode<Ack>("\x82\x01\x01\x50\xa1x");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, Ack{1});
}

TEST(Messages, PeersHaveTheirLimits) {
  Order order = full<Order>();
  order.peers.resize(kMaxPeers);
  EXPECT_TRUE(decode<Order>(encode(order)).ok());
  order.peers.resize(kMaxPeers + 1);
  EXPECT_EQ(decode<Order>(encode(order)).error().message, "order: field 9 has too many items");
  order.peers.resize(1);
  order.peers[0].endpoint = std::string(kMaxEndpointBytes, 'e');
  EXPECT_TRUE(decode<Order>(encode(order)).ok());
  order.peers[0].endpoint += 'e';
  EXPECT_EQ(decode<Order>(encode(order)).error().message, "peer: field 2 is too long");
}

/// A worker of another build is refused for its policy, which names its stages, and told so: its
/// state must be read for that.
TEST(Messages, AStageThatThisProgramDoesNotHaveIsLeftOutOfAState) {
  WorkerState state = full<WorkerState>();
  state.stages = {StageId::teacher, StageId{kOwnStageMax}, StageId::select};
  EXPECT_EQ(*decode<WorkerState>(encode(state)), full<WorkerState>());
  state.stages.assign(kMaxStages + 1, StageId::exec);
  EXPECT_EQ(decode<WorkerState>(encode(state)).error().message,
            "worker state: field 11 has too many items");
}

/// K07: values that no honest peer sends.
TEST(Messages, K07UnknownEnumeratorsAndOverlongListsAreRefused) {
  Deliver deliver = full<Deliver>();
  deliver.records[0].outcome->reason = static_cast<Reason>(39);
  EXPECT_EQ(decode<Deliver>(encode(deliver)).error().message,
            "outcome: field 3 has an unknown value");
  WorkerState state = full<WorkerState>();
  StageRequest request = full<StageRequest>();
  request.last = StageId{kOwnStageMax};
  EXPECT_EQ(decode<StageRequest>(encode(request)).error().message,
            "stage request: field 4 has an unknown value");
  StageReply reply = full<StageReply>();
  reply.items[0].times[0].stage = StageId{kOwnStageMax};
  EXPECT_EQ(decode<StageReply>(encode(reply)).error().message,
            "stage time: field 1 has an unknown value");
  reply.items[0].times.assign(kMaxStages, {StageId::clean, 0, 1});
  EXPECT_TRUE(decode<StageReply>(encode(reply)).ok());
  reply.items[0].times.push_back({StageId::clean, 0, 1});
  EXPECT_EQ(decode<StageReply>(encode(reply)).error().message,
            "stage evidence: field 4 has too many items");
  state.leases.resize(kMaxListItems);
  EXPECT_TRUE(decode<WorkerState>(encode(state)).ok());
  state.leases.resize(kMaxListItems + 1);
  EXPECT_FALSE(decode<WorkerState>(encode(state)).ok());
  state = full<WorkerState>();
  state.name = std::string(kMaxNameBytes, 'n');
  EXPECT_TRUE(decode<WorkerState>(encode(state)).ok());
  state.name += 'n';
  EXPECT_EQ(decode<WorkerState>(encode(state)).error().message,
            "worker state: field 1 is too long");
  state.name = "\xff";
  EXPECT_EQ(decode<WorkerState>(encode(state)).error().message,
            "worker state: field 1 is not UTF-8");
}

/// A coordinator must be able to send a sample out again with an answer of it.
TEST(Messages, K07ASampleOrAnAnswerThatNoFrameCouldCarryLaterIsRefused) {
  Answer answer = full<Answer>();
  answer.reasoning = std::string(kMaxAnswerBytes / 2, 'r');
  const std::size_t beside = answer.reasoning.size() + answer.finish_reason.size();
  answer.text = std::string(kMaxAnswerBytes - beside, 't');
  EXPECT_TRUE(decode<Answer>(encode(answer)).ok());
  answer.text += 't';
  EXPECT_EQ(decode<Answer>(encode(answer)).error().message, "answer: its texts are too long");
  Sample sample = full<Sample>();
  sample.gold = std::string(kMaxSampleBytes / 4, 'g');
  sample.more_golds = {std::string(kMaxSampleBytes / 4, 'm')};
  sample.canonical_input = std::string(
      kMaxSampleBytes - sample.gold->size() - sample.more_golds[0].size() - sample.id_fields.size(),
      'c');
  EXPECT_TRUE(decode<Sample>(encode(sample)).ok());
  sample.canonical_input += 'c';
  EXPECT_EQ(decode<Sample>(encode(sample)).error().message, "sample: its texts are too long");
}

}  // namespace
}  // namespace fd
