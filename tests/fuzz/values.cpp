#include "tests/fuzz/values.hpp"

#include <array>

namespace fd::fuzz {
namespace {

std::uint32_t number32(Random& random) {
  return static_cast<std::uint32_t>(number(random, 32));
}
bool coin(Random& random) {
  return random.chance(500);
}
template <class T, class Make>
std::vector<T> some(Random& random, std::uint32_t max, Make make) {
  std::vector<T> items(random.below(max + 1));
  for (T& item : items) {
    item = make(random);
  }
  return items;
}
template <class T, class Make>
std::optional<T> maybe(Random& random, Make make) {
  return coin(random) ? std::optional<T>(make(random)) : std::nullopt;
}
Reason reason(Random& random) {
  for (;;) {
    if (const auto found = from_number<Reason>(random.below(45))) {
      return *found;
    }
  }
}
StageId stage(Random& random) {
  const std::vector<StageId> all = all_stages();
  return all.at(random.below(static_cast<std::uint32_t>(all.size())));
}
StageTime stage_time(Random& random) {
  return {stage(random), number(random, 64), number(random, 64)};
}
double finite(Random& random) {
  constexpr std::array<double, 6> kOdd = {0.0, -0.0, 1.0, -3.0, 1e300, 5e-324};
  return coin(random) ? kOdd.at(random.below(kOdd.size()))
                      : static_cast<double>(random.between(-1000000, 1000000)) / 1024;
}

HeldLease held(Random& random) {
  return {number32(random), number(random, 64), number32(random), number32(random)};
}
GrantedLease granted(Random& random) {
  return {number32(random), number(random, 64), number32(random)};
}
Sample sample(Random& random) {
  Sample out;
  out.id = digest(random);
  out.ordinal = number(random, 64);
  out.canonical_input = text(random, 300);
  out.id_fields = text(random, 40);
  out.gold = maybe<std::string>(random, [](Random& r) { return text(r, 100); });
  for (std::uint64_t more = out.gold ? random.below(3) : 0; more > 0; --more) {
    out.more_golds.push_back(text(random, 100));
  }
  out.database = coin(random) ? digest(random).hex() : "";
  return out;
}
CallIdentity identity(Random& random) {
  return {digest(random),   digest(random),   static_cast<Role>(random.below(3)),
          number32(random), number32(random), number32(random)};
}
Answer answer(Random& random) {
  return {identity(random), text(random, 40), text(random, 300), text(random, 100),
          text(random, 16)};
}
Call call(Random& random) {
  Call out;
  static_cast<CallIdentity&>(out) = identity(random);
  out.count = number32(random);
  out.fence = number(random, 64);
  out.endpoint = text(random, 30);
  out.served_model = text(random, 30);
  out.asked_model = text(random, 30);
  out.cached_tokens = maybe<std::uint64_t>(random, [](Random& r) { return number(r, 64); });
  out.reasoning_tokens = maybe<std::uint64_t>(random, [](Random& r) { return number(r, 64); });
  out.tokens_unknown = random.below(2) == 1;
  out.connect_us = maybe<std::uint64_t>(random, [](Random& r) { return number(r, 64); });
  out.first_byte_us = maybe<std::uint64_t>(random, [](Random& r) { return number(r, 64); });
  out.attempts = number32(random);
  out.http_status = number32(random);
  out.prompt_tokens = number(random, 64);
  out.completion_tokens = number(random, 64);
  out.queue_us = number(random, 64);
  out.service_us = number(random, 64);
  out.price = maybe<Price>(random, [](Random& r) {
    return Price{finite(r), finite(r), maybe<double>(r, finite)};
  });
  out.end = static_cast<CallEnd>(random.below(9));
  out.error = text(random, 100);
  return out;
}
Candidate candidate(Random& random) {
  Candidate out;
  out.index = number32(random);
  out.call_key = digest(random);
  out.text = text(random, 200);
  out.clean_rule = text(random, kMaxNameBytes);
  out.rule = reason(random);
  out.exec = static_cast<ExecStatus>(random.below(10));
  out.error_class = text(random, kMaxNameBytes);
  out.signature = text(random, 64);
  out.gold_match = maybe<bool>(random, coin);
  out.score = maybe<double>(random, finite);
  out.judge = maybe<double>(random, finite);
  return out;
}
Outcome outcome(Random& random) {
  Outcome out;
  out.sample_id = digest(random);
  out.reason = reason(random);
  out.verdict = verdict_of(out.reason);
  out.chosen = maybe<std::uint32_t>(random, number32);
  out.deciding = maybe<std::uint32_t>(random, number32);
  out.gold_failed = coin(random);
  out.candidates = some<Candidate>(random, 3, candidate);
  out.times = some<StageTime>(random, 8, stage_time);
  return out;
}
SampleItem sample_item(Random& random) {
  return {sample(random), some<Answer>(random, 2, answer), coin(random)};
}
std::optional<Reason> failure(Random& random) {
  const Reason found = reason(random);
  return found == Reason::none ? std::nullopt : std::optional(found);
}
StageItem stage_item(Random& random) {
  return {sample(random), some<Answer>(random, 2, answer), some<Candidate>(random, 2, candidate),
          coin(random), failure(random)};
}
StageEvidence evidence(Random& random) {
  return {some<Candidate>(random, 3, candidate), coin(random), failure(random),
          some<StageTime>(random, 5, stage_time)};
}

}  // namespace

std::string text(Random& random, std::size_t max) {
  constexpr std::array<std::string_view, 8> kPieces = {
      "a", "SELECT ", "\n", "\"", "\xc3\xa9", "0", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
  std::string out;
  const std::size_t wanted =
      random.below(4) == 0 ? random.below(static_cast<std::uint32_t>(max) + 1) : random.below(8);
  while (out.size() < wanted) {
    const std::string_view piece = kPieces.at(random.below(kPieces.size()));
    if (out.size() + piece.size() > max) {
      break;
    }
    out += piece;
  }
  return out;
}

Digest digest(Random& random) {
  Digest out;
  const std::uint64_t bits = random.next();
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    out.bytes.at(i) = static_cast<std::uint8_t>(bits >> (8 * (i % 8)));
  }
  return out;
}

std::uint64_t number(Random& random, unsigned bits) {
  const std::uint64_t mask = bits == 64 ? UINT64_MAX : (std::uint64_t{1} << bits) - 1;
  constexpr std::array<std::uint64_t, 12> kEdges = {
      0, 1, 127, 128, 255, 256, 65535, 65536, 1 << 20, UINT32_MAX, INT64_MAX, UINT64_MAX};
  return (coin(random) ? kEdges.at(random.below(kEdges.size()))
                       : random.next() >> random.below(64)) &
         mask;
}

Record record(Random& random) {
  return {number32(random),
          number(random, 64),
          maybe<Answer>(random, answer),
          maybe<Call>(random, call),
          maybe<Outcome>(random, outcome),
          maybe<std::uint64_t>(random, [](Random& r) { return number(r, 64); })};
}

JournalEntry journal_entry(Random& random) {
  switch (random.below(3)) {
    case 0:
      return JournalIntent{
          identity(random),   number32(random), number32(random), number(random, 64),
          number(random, 64), number32(random), text(random, 30), maybe<double>(random, finite)};
    case 1:
      return JournalCancelled{digest(random), digest(random)};
    default:
      JournalEnd end = record(random);
      if (!end.answer) {
        end.call = call(random);
      }
      end.outcome.reset();
      return end;
  }
}

Share share(Random& random) {
  return {text(random, kMaxNameBytes), number32(random), coin(random)};
}
EndpointReport endpoint(Random& random) {
  return {text(random, kMaxNameBytes),
          static_cast<EndpointState>(number32(random) % 4),
          coin(random),
          number(random, 64),
          text(random, 200),
          coin(random)};
}
WorkerState worker_state(Random& random) {
  WorkerState out;
  out.name = text(random, kMaxNameBytes);
  out.seq = number(random, 64);
  out.config = maybe<Digest>(random, digest);
  out.leases = some<HeldLease>(random, 8, held);
  out.slots_max = number32(random);
  out.in_flight = number32(random);
  out.leaving = coin(random);
  out.draining = coin(random);
  out.full_ms = number(random, 64);
  out.version = text(random, kMaxNameBytes);
  out.stages = some<StageId>(random, 8, stage);
  out.heard = number(random, 64);
  out.peer_endpoint = text(random, 60);
  out.peer_key = text(random, 40);
  out.threads = number32(random);
  out.serving = number32(random);
  out.served = number(random, 64);
  out.policy = text(random, kMaxPolicyBytes);
  out.owed = number32(random);
  out.recovered = some<std::uint64_t>(random, 4, [](Random& r) { return number(r, 64); });
  out.waiting = number32(random);
  out.shares = some<Share>(random, 4, share);
  out.calls = some<Share>(random, 4, share);
  out.share_heard = number(random, 64);
  out.endpoint_errors = some<EndpointError>(random, 3, [](Random& r) {
    return EndpointError{text(r, kMaxNameBytes), number32(r), text(r, 60), number(r, 64)};
  });
  out.endpoints = some<EndpointReport>(random, 4, endpoint);
  return out;
}
PeerInfo peer(Random& random) {
  return {text(random, kMaxNameBytes),     text(random, 60),   text(random, 40),
          some<StageId>(random, 5, stage), number(random, 64), number32(random)};
}
Order order(Random& random) {
  Order out;
  out.ack_seq = number(random, 64);
  out.config = digest(random);
  out.shares = some<Share>(random, 3, share);
  out.leases = some<GrantedLease>(random, 8, granted);
  out.ttl_ms = number32(random);
  out.heartbeat_ms = number32(random);
  out.drain = coin(random);
  out.run_over = coin(random);
  out.peers = some<PeerInfo>(random, 4, peer);
  out.refused = text(random, 200);
  return out;
}
RunSpec run_spec(Random& random) {
  return {digest(random), text(random, 500)};
}
Fetch fetch(Random& random) {
  return {number32(random), number(random, 64), number32(random),
          number32(random), coin(random),       maybe<Digest>(random, digest)};
}
Samples samples(Random& random) {
  return {number32(random),
          number(random, 64),
          number32(random),
          number32(random),
          some<SampleItem>(random, 3, sample_item),
          coin(random),
          maybe<Digest>(random, digest)};
}
FetchDatabase fetch_database(Random& random) {
  return {digest(random), number(random, 64)};
}
DatabaseChunk database_chunk(Random& random) {
  DatabaseChunk out{digest(random), number(random, 64), number(random, 64), {}};
  out.bytes.resize(random.below(200));
  for (char& byte : out.bytes) {
    byte = static_cast<char>(random.next());
  }
  return out;
}
Deliver deliver(Random& random) {
  return {number(random, 64), some<Record>(random, 3, record)};
}
Ack ack(Random& random) {
  return {number(random, 64)};
}
StageRequest stage_request(Random& random) {
  return {number(random, 64), stage(random), some<StageItem>(random, 2, stage_item), stage(random),
          digest(random)};
}
StageReply stage_reply(Random& random) {
  return {number(random, 64), some<StageEvidence>(random, 3, evidence), coin(random)};
}
FlushMarker marker(Random& random) {
  return {number(random, 64)};
}
ShareGranted share_granted(Random& random) {
  return {text(random, kMaxNameBytes), number(random, 64), number32(random)};
}
StartMade start_made(Random& random) {
  return {number(random, 64), number(random, 64)};
}

}  // namespace fd::fuzz
