#include "tests/protocol/full_values.hpp"

namespace fd::testing_support {
namespace {

CallIdentity identity(std::uint8_t fill, Role role, std::uint32_t candidate, std::uint32_t vote,
                      std::uint32_t round) {
  return {digest_of(fill),
          digest_of(static_cast<std::uint8_t>(fill + 1)),
          role,
          candidate,
          vote,
          round};
}

Candidate full_candidate() {
  Candidate candidate;
  candidate.index = 14;
  candidate.call_key = digest_of(0x41);
  candidate.text = "SELECT 3";
  candidate.clean_rule = "fence";
  candidate.rule = Reason::gold_mismatch;
  candidate.exec = ExecStatus::timeout;
  candidate.error_class = "no_such_column";
  candidate.signature = digest_of(0x42).hex();
  candidate.gold_match = true;
  candidate.score = 0.75;
  candidate.judge = 1.0;
  candidate.text_in_answer = true;
  return candidate;
}

}  // namespace

Digest digest_of(std::uint8_t fill) {
  Digest digest;
  digest.bytes.fill(fill);
  return digest;
}

template <>
Sample full() {
  return {digest_of(0x11),      300, R"({"q":1})", R"({"id":2})", "SELECT 1", {"SELECT 3", ""},
          digest_of(0x13).hex()};
}

template <>
Answer full() {
  return {identity(0x21, Role::student, 3, 4, 5), "m", "SELECT 2", "because", "stop"};
}

template <>
Call full() {
  Call call;
  static_cast<CallIdentity&>(call) = identity(0x31, Role::judge, 6, 10, 11);
  call.count = 12;
  call.fence = 13;
  call.endpoint = "local";
  call.asked_model = "m-3";
  call.served_model = "m-2";
  call.attempts = 7;
  call.http_status = 200;
  call.prompt_tokens = 1000;
  call.completion_tokens = 70000;
  call.cached_tokens = 14;
  call.reasoning_tokens = 15;
  call.tokens_unknown = true;
  call.connect_us = 16;
  call.first_byte_us = 17;
  call.price = Price{0.5, 2.0, 0.25};
  call.queue_us = std::uint64_t{1} << 32;
  call.service_us = 9;
  call.end = CallEnd::cancelled;
  call.error = "HTTP 500";
  return call;
}

template <>
Outcome full() {
  Outcome outcome;
  outcome.sample_id = digest_of(0x51);
  outcome.verdict = Verdict::rejected;
  outcome.reason = Reason::gold_error;
  outcome.chosen = 17;
  outcome.deciding = 18;
  outcome.gold_failed = true;
  outcome.candidates = {full_candidate()};
  outcome.times = {{StageId::exec, 15, 16}};
  return outcome;
}

template <>
Record full() {
  return {19, 20, full<Answer>(), full<Call>(), full<Outcome>(), 0xFEDCBA9876543210u};
}

template <>
JournalIntent full() {
  JournalIntent intent;
  static_cast<CallIdentity&>(intent) = identity(0x81, Role::judge, 60, 65, 66);
  intent.count = 67;
  intent.shard = 61;
  intent.fence = 62;
  intent.estimated_prompt_tokens = 63;
  intent.max_tokens = 64;
  intent.endpoint = "local-2";
  intent.cost_bound = 0.125;
  return intent;
}

template <>
JournalCancelled full() {
  return {digest_of(0x83), digest_of(0x84)};
}

template <>
StartMade full() {
  return {60, 61};
}

template <>
ShareGranted full() {
  return {"worker-2", 58, 59};
}

template <>
WorkerState full() {
  WorkerState state;
  state.name = "worker-1";
  state.seq = 21;
  state.config = digest_of(0x71);
  state.leases = {{22, 23, 24, 25}};
  state.slots_max = 26;
  state.in_flight = 27;
  state.leaving = true;
  state.draining = true;
  state.full_ms = 28;
  state.version = "1.2.3";
  state.stages = {StageId::teacher, StageId::select};
  state.heard = 29;
  state.peer_endpoint = "tcp://127.0.0.1:5556";
  state.peer_key = "key";
  state.threads = 30;
  state.serving = 31;
  state.served = 32;
  state.policy = "sandbox 1";
  state.owed = 33;
  state.recovered = {34, std::uint64_t{1} << 60};
  state.troubles = {"no room"};
  state.waiting = 201;
  state.shares = {{"local", 202, true}};
  state.calls = {{"local", 203, true}};
  state.share_heard = 204;
  state.endpoint_errors = {{"local", 205, "busy", 206}};
  state.endpoints = {{"local", EndpointState::waits, true, 207, "nobody there", 208}};
  return state;
}

template <>
Order full() {
  Order order;
  order.ack_seq = 35;
  order.config = digest_of(0x72);
  order.shares = {{"local", 36, true}};
  order.leases = {{37, 38, 39}};
  order.ttl_ms = 10000;
  order.heartbeat_ms = 1000;
  order.drain = true;
  order.run_over = true;
  order.peers = {{"cpu", "tcp://127.0.0.1:5557", "key-2", {StageId::exec, StageId::score}, 40, 41}};
  order.refused = "why not";
  order.share_number = 205;
  return order;
}

template <>
RunSpec full() {
  return {digest_of(0x73), "{}"};
}

template <>
Fetch full() {
  return {42, 43, 44, 45, true, digest_of(0x74)};
}

template <>
SampleItem full() {
  return {full<Sample>(), {full<Answer>()}, true};
}

template <>
Samples full() {
  return {46, 47, 48, 49, {full<SampleItem>()}, true, digest_of(0x75)};
}

template <>
FetchDatabase full() {
  return {digest_of(0x76), 50};
}

template <>
DatabaseChunk full() {
  return {digest_of(0x77), 51, 52, std::string("\0\xff", 2)};
}

template <>
Deliver full() {
  return {53, {full<Record>()}};
}

template <>
Ack full() {
  return {54};
}

template <>
StageItem full() {
  return {full<Sample>(), {full<Answer>()}, {full_candidate()}, true, Reason::provider_error};
}

template <>
StageRequest full() {
  return {55, StageId::clean, {full<StageItem>()}, StageId::score, digest_of(0x78)};
}

template <>
StageReply full() {
  return {
      56, {{{full_candidate()}, true, Reason::internal, {{StageId::exec, 15, 16}}}}, true, true};
}

template <>
FlushMarker full() {
  return {57};
}

}  // namespace fd::testing_support
