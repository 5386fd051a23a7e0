#include "protocol/messages.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

Digest digest_of(std::uint8_t fill) {
  Digest digest;
  digest.bytes.fill(fill);
  return digest;
}

WorkerState some_state() {
  WorkerState state;
  state.name = "worker-1";
  state.incarnation = 1ull << 60;
  state.seq = 7;
  state.epoch = 3;
  state.config = digest_of(9);
  state.leases = {{4, 17, 200, 12}, {5, 18, 256, 0}};
  state.slots_max = 32;
  state.in_flight = 31;
  state.leaving = true;
  state.draining = true;
  state.full_ms = 12345;
  state.version = "0.1.0";
  state.policy = "sandbox 1, SQLite 3.0";
  state.stages = {StageId::teacher, StageId::select};
  state.peer_endpoint = "tcp://127.0.0.1:5556";
  state.peer_key = "key";
  state.threads = 4;
  state.serving = 2;
  state.served = 300;
  return state;
}

Order some_order() {
  Order order{3, 7, 99, digest_of(9), 16, {{4, 17, 256}}, 10000, 1000, true, false, {}};
  order.peers = {{"cpu", "tcp://127.0.0.1:5556", "key", {StageId::exec, StageId::score}, 6, 8},
                 {"asks", "", "other key", {StageId::teacher}, 7, 0}};
  order.refused = "why";
  return order;
}

Answer some_answer() {
  return Answer{digest_of(1), digest_of(2), 1, "model", "SELECT 'é'", "because", "stop"};
}

Record some_record() {
  Record record;
  record.shard = 4;
  record.fence = 17;
  record.answer = some_answer();
  Call call;
  call.sample_id = digest_of(1);
  call.call_key = digest_of(2);
  call.candidate = 1;
  call.endpoint = "local";
  call.attempts = 2;
  call.http_status = 200;
  call.prompt_tokens = 100;
  call.completion_tokens = 20;
  call.queue_us = 5;
  call.service_us = 500000;
  call.error = "";
  record.call = call;
  Outcome outcome;
  outcome.sample_id = digest_of(1);
  outcome.verdict = Verdict::kept;
  outcome.reason = Reason::none;
  outcome.chosen = 1;
  Candidate candidate;
  candidate.index = 1;
  candidate.call_key = digest_of(2);
  candidate.text = "SELECT 1";
  candidate.clean_rule = "fence";
  candidate.exec = ExecStatus::ok;
  candidate.signature = digest_of(3).hex();
  candidate.gold_match = true;
  candidate.score = 1.0;
  outcome.candidates = {candidate};
  outcome.times = {{StageId::rules, 3, 4}, {StageId::exec, 0, UINT64_MAX}};
  record.outcome = outcome;
  record.follows_from = 0xFEDCBA9876543210u;
  return record;
}

Samples some_samples() {
  Sample sample;
  sample.id = digest_of(1);
  sample.ordinal = 12;
  sample.canonical_input = R"({"instruction":"q"})";
  sample.gold = "SELECT 1";
  sample.database = digest_of(8).hex();
  return Samples{4, 17, 0, 2, {{sample, {some_answer()}}}};
}

Deliver some_deliver() {
  return Deliver{5, 6, 7, {some_record()}};
}

StageRequest some_stage_request() {
  StageItem item;
  item.sample = some_samples().items[0].sample;
  item.answers = {some_answer()};
  item.candidates = some_record().outcome->candidates;
  item.failure = Reason::internal;
  return StageRequest{7, StageId::clean, {item, StageItem{}}, StageId::score, digest_of(9)};
}

StageReply some_stage_reply() {
  return StageReply{
      7, {{some_record().outcome->candidates, true, std::nullopt, {{StageId::clean, 0, 12}}}, {}}};
}

TEST(Messages, EveryMessageComesBackAsItWent) {
  EXPECT_EQ(*decode_stage_request(encode(some_stage_request())), some_stage_request());
  EXPECT_EQ(*decode_stage_reply(encode(some_stage_reply())), some_stage_reply());
  EXPECT_EQ(*decode_worker_state(encode(some_state())), some_state());
  EXPECT_EQ(*decode_stage_reply(encode(StageReply{7, {}, true})), (StageReply{7, {}, true}));
  EXPECT_EQ(*decode_order(encode(some_order())), some_order());
  EXPECT_EQ(*decode_run_spec(encode(RunSpec{digest_of(1), "{}"})), (RunSpec{digest_of(1), "{}"}));
  EXPECT_EQ(*decode_fetch(encode(Fetch{1, 2, 3, 4})), (Fetch{1, 2, 3, 4}));
  EXPECT_EQ(*decode_samples(encode(some_samples())), some_samples());
  EXPECT_EQ(*decode_fetch_database(encode(FetchDatabase{digest_of(1), 77})),
            (FetchDatabase{digest_of(1), 77}));
  const DatabaseChunk chunk{digest_of(1), 5, 10, std::string("\0\xff", 2)};
  EXPECT_EQ(*decode_database_chunk(encode(chunk)), chunk);
  EXPECT_EQ(*decode_deliver(encode(some_deliver())), some_deliver());
  EXPECT_EQ(*decode_ack(encode(Ack{1, 2, 3})), (Ack{1, 2, 3}));
  EXPECT_EQ(*decode_flush_marker(encode(FlushMarker{1, 2})), (FlushMarker{1, 2}));
  EXPECT_EQ(*decode_record(encode(some_record())), some_record());
}

/// K01: every truncation of every message is an error, and has no partial effect.
TEST(Messages, K01EveryTruncationOfEveryMessageIsRefused) {
  const auto none = [](const std::string& body, auto decode) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      const auto decoded = decode(std::string_view(body).substr(0, size));
      ASSERT_FALSE(decoded.ok()) << size;
      ASSERT_EQ(decoded.error().code, Errc::invalid_input);
    }
  };
  none(encode(some_state()), decode_worker_state);
  none(encode(some_order()), decode_order);
  none(encode(RunSpec{digest_of(1), "{}"}), decode_run_spec);
  none(encode(Fetch{1, 2, 3, 4}), decode_fetch);
  none(encode(some_samples()), decode_samples);
  none(encode(FetchDatabase{digest_of(1), 77}), decode_fetch_database);
  none(encode(DatabaseChunk{digest_of(1), 5, 10, "ab"}), decode_database_chunk);
  none(encode(some_deliver()), decode_deliver);
  none(encode(Ack{1, 2, 3}), decode_ack);
  none(encode(some_stage_request()), decode_stage_request);
  none(encode(some_stage_reply()), decode_stage_reply);
  none(encode(FlushMarker{1, 2}), decode_flush_marker);
}

/// K04, K06: size bombs, trailing bytes, wrong types, duplicate and foreign keys.
TEST(Messages, K06MalformedBodiesAreRefusedByName) {
  const std::string good = encode(Ack{1, 2, 3});
  EXPECT_EQ(decode_ack(good + good).error().message, "message: bytes behind its end");
  EXPECT_FALSE(decode_ack(std::string("\xdd\xff\xff\xff\xff", 5)).ok());  // array32 of 4 G items
  EXPECT_FALSE(decode_ack(std::string("\xdf\xff\xff\xff\xff", 5)).ok());  // map32 of 4 G members
  EXPECT_EQ(decode_ack("\x93\x01\x02\x03").error().message, "ack: field 0 is no map");
  EXPECT_EQ(decode_ack(std::string("\x82\x01\x01\x02\x02", 5)).error().message,
            "ack: field 3 is missing");
  EXPECT_EQ(decode_ack(std::string("\x83\x01\x01\x01\x02\x03\x03", 7)).error().message,
            "ack: field 1 stands twice");
  EXPECT_EQ(decode_ack(std::string("\x83\xa1x\x01\x02\x02\x03\x03", 8)).error().message,
            "ack: field 0 has a key that is no number");
  EXPECT_EQ(decode_ack(std::string("\x83\x01\xff\x02\x02\x03\x03", 7)).error().message,
            "ack: field 1 is no whole number in range");  // -1
  std::string nested(100000, '\x91');
  EXPECT_FALSE(decode_ack(nested).ok());
}

TEST(Messages, UnknownIntegerKeysAreIgnored) {
  const std::string with_extra("\x84\x01\x01\x02\x02\x03\x03\x50\xa1x", 10);
  ASSERT_TRUE(decode_ack(with_extra).ok());
  EXPECT_EQ(*decode_ack(with_extra), (Ack{1, 2, 3}));
}

/// A program of before the peers leaves their keys out, within the same protocol version.
TEST(Messages, AnOrderWithoutLaterFieldsIsOneOfAnOlderProgram) {
  Order order = some_order();
  order.peers.clear();
  order.refused.clear();
  std::string body = encode(order);
  const std::string later = "\x0b\x90\x0c\xa0";
  ASSERT_EQ(body.substr(body.size() - later.size()), later);
  body.resize(body.size() - later.size());
  body[0] = '\x8a';  // ten fields, not twelve
  const auto decoded = decode_order(body);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(*decoded, order);
}

TEST(Messages, PeersHaveTheirLimits) {
  Order order = some_order();
  order.peers.resize(kMaxPeers);
  EXPECT_TRUE(decode_order(encode(order)).ok());
  order.peers.resize(kMaxPeers + 1);
  EXPECT_EQ(decode_order(encode(order)).error().message, "order: field 11 has too many items");
  order.peers.resize(1);
  order.peers[0].endpoint = std::string(kMaxEndpointBytes, 'e');
  EXPECT_TRUE(decode_order(encode(order)).ok());
  order.peers[0].endpoint += 'e';
  EXPECT_EQ(decode_order(encode(order)).error().message, "peer: field 2 is too long");
}

/// A worker of another build is refused for its policy, which names its stages, and told so: its
/// state must be read for that.
TEST(Messages, AStageThatThisProgramDoesNotHaveIsLeftOutOfAState) {
  WorkerState state = some_state();
  state.stages = {StageId::teacher, StageId{kOwnStageMax}, StageId::select};
  EXPECT_EQ(*decode_worker_state(encode(state)), some_state());
  state.stages.assign(kMaxStages + 1, StageId::exec);
  EXPECT_EQ(decode_worker_state(encode(state)).error().message,
            "worker state: field 12 has too many items");
}

/// K07: values that no honest peer sends.
TEST(Messages, K07UnknownEnumeratorsAndOverlongListsAreRefused) {
  Deliver deliver = some_deliver();
  deliver.records[0].outcome->reason = static_cast<Reason>(39);
  EXPECT_EQ(decode_deliver(encode(deliver)).error().message,
            "outcome: field 3 has an unknown value");
  WorkerState state = some_state();
  StageRequest request = some_stage_request();
  request.last = StageId{kOwnStageMax};
  EXPECT_EQ(decode_stage_request(encode(request)).error().message, "stage: unknown number");
  StageReply reply = some_stage_reply();
  reply.items[0].times[0].stage = StageId{kOwnStageMax};
  EXPECT_EQ(decode_stage_reply(encode(reply)).error().message, "stage: unknown number");
  reply.items[0].times.assign(kMaxStages, {StageId::clean, 0, 1});
  EXPECT_TRUE(decode_stage_reply(encode(reply)).ok());
  reply.items[0].times.push_back({StageId::clean, 0, 1});
  EXPECT_EQ(decode_stage_reply(encode(reply)).error().message,
            "stage evidence: field 6 has too many items");
  state.leases.resize(kMaxListItems);
  EXPECT_TRUE(decode_worker_state(encode(state)).ok());
  state.leases.resize(kMaxListItems + 1);
  EXPECT_FALSE(decode_worker_state(encode(state)).ok());
  state = some_state();
  state.name = std::string(kMaxNameBytes, 'n');
  EXPECT_TRUE(decode_worker_state(encode(state)).ok());
  state.name += 'n';
  EXPECT_EQ(decode_worker_state(encode(state)).error().message,
            "worker state: field 1 is too long");
  state.name = "\xff";
  EXPECT_EQ(decode_worker_state(encode(state)).error().message,
            "worker state: field 1 is not UTF-8");
}

TEST(Messages, SizeBoundsAreNeverBelowTheEncodedSize) {
  EXPECT_GE(encoded_size_bound(some_record()), encode(some_record()).size());
  const Samples samples = some_samples();
  EXPECT_GE(encoded_size_bound(samples.items[0]) + 64, encode(samples).size());
  StageRequest request = some_stage_request();
  request.items.resize(1);
  EXPECT_GE(encoded_size_bound(request.items[0]) + 128, encode(request).size());
}

}  // namespace
}  // namespace fd
