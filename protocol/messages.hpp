#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/endpoint_report.hpp"
#include "protocol/fields.hpp"
#include "protocol/frame.hpp"
#include "protocol/records.hpp"

// What coordinator and workers say to each other. Control is level-triggered: a worker repeats
// WorkerState (what it holds), the coordinator answers Order (what it should hold); loss and
// repetition of either are harmless. Everything else is a request that may be asked again, or is
// repeated until it is acknowledged. Durations only, never times of day. Who speaks stands in the
// frame (protocol/frame.hpp). Bodies are msgpack maps with integer keys
// (protocol/message_fields.hpp).

namespace fd {

/// Names of workers that a coordinator starts itself, and that end with it.
inline constexpr std::string_view kLocalWorkerPrefix = "local-";
inline constexpr std::size_t kMaxPolicyBytes = 2048;  ///< WorkerState.policy
/// Values in one body: numbers, texts, lists, maps, keys. Bounds what a body takes up once it is
/// read, which is 24 bytes for a value of one byte.
inline constexpr std::size_t kMaxMessageValues = 1u << 20;
inline constexpr std::uint32_t kMaxFetchSamples = 256;          ///< samples in one reply
inline constexpr std::size_t kDatabaseChunkBytes = 256u << 10;  ///< of one DatabaseChunk
inline constexpr std::size_t kMaxEndpointBytes = 256;           ///< tcp://HOST:PORT
inline constexpr std::size_t kMaxPeers = 1024;                  ///< peers in one Order
inline constexpr std::size_t kMaxErrorWords = 1024;             ///< bytes of EndpointError.words
inline constexpr std::size_t kMaxEndpointErrors = 32;           ///< in one WorkerState

/// One shard as a worker holds it.
struct HeldLease {
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint32_t unfetched = 0;    ///< samples of it that the worker has not got yet
  std::uint32_t outstanding = 0;  ///< samples under way, or with records not acknowledged yet
  friend bool operator==(const HeldLease&, const HeldLease&) = default;
};

/// Calls at a provider: a worker's part of what is allowed over all workers, or what it has in
/// flight.
struct Share {
  std::string provider;
  std::uint32_t calls = 0;  ///< in flight at once
  bool answers = false;     ///< it has answered a call of the run, whoever made it, and whenever
  friend bool operator==(const Share&, const Share&) = default;
};

/// Returns the calls over all providers.
inline std::uint32_t total_calls(const std::vector<Share>& shares) {
  std::uint32_t calls = 0;
  for (const Share& share : shares) {
    calls += share.calls;
  }
  return calls;
}

/// An error of a provider, in its own words or those of the connection to it.
struct EndpointError {
  std::string provider;
  std::uint32_t status = 0;  ///< HTTP status; 0: no reply
  std::string words;         ///< without secrets; not made for a terminal
  /// The provider asked for so long a pause, from the moment this is sent on; 0: for none.
  std::uint64_t wait_ms = 0;
  friend bool operator==(const EndpointError&, const EndpointError&) = default;
};

/// Worker to coordinator, at every heartbeat and at every change that matters.
struct WorkerState {
  static constexpr MessageKind kKind = MessageKind::worker_state;
  std::string name;
  std::uint64_t seq = 0;         ///< rises with every state sent
  std::optional<Digest> config;  ///< digest of the RunSpec it works by
  std::vector<HeldLease> leases;
  std::uint32_t slots_max = 0;  ///< the worker's own cap on calls in flight; 0: none
  std::uint32_t in_flight = 0;  ///< calls that have a place at a provider, or wait to be settled
  bool leaving = false;         ///< drains: takes no new work and gives back what is unfetched
  bool draining = false;        ///< follows an Order to drain
  std::uint64_t full_ms = 0;    ///< how long all its slots were taken, so far
  std::string version;          ///< of the program
  /// The stages it serves. Those that this program does not have are left out: `policy`, which
  /// names them all, tells that they are there.
  std::vector<StageId> stages;
  std::uint64_t heard = 0;    ///< highest ack_seq of the Orders taken; 0: none yet
  std::string peer_endpoint;  ///< where it serves pure stages to other workers; empty: nowhere
  std::string peer_key;       ///< its public key (Z85); empty: plaintext
  std::uint32_t threads = 0;  ///< how many batches of peers it works on at the same time
  std::uint32_t serving = 0;  ///< batches of peers under way here
  std::uint64_t served = 0;   ///< samples done for peers, so far
  std::string policy;         ///< verdict_policy() of the program; empty: not said
  std::uint32_t owed = 0;     ///< samples in work, and records that are not acknowledged yet
  /// Earlier processes of the worker whose journals it has read.
  std::vector<std::uint64_t> recovered;
  /// What it cannot do, a short text each: for people.
  std::vector<std::string> troubles;
  std::uint32_t waiting = 0;      ///< calls that have no place at a provider yet
  std::vector<Share> shares;      ///< what it goes by: of the Order with share_number share_heard
  std::vector<Share> calls;       ///< in flight, by provider
  std::uint64_t share_heard = 0;  ///< 0: none of this start
  /// The latest errors of providers, the first of each sort (actors/gateway/error_sorts.hpp).
  std::vector<EndpointError> endpoint_errors;
  std::vector<EndpointReport> endpoints;  ///< of the config; empty: none was ever tried
  friend bool operator==(const WorkerState&, const WorkerState&) = default;
};

struct GrantedLease {
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint32_t count = 0;  ///< samples in the shard
  friend bool operator==(const GrantedLease&, const GrantedLease&) = default;
};

/// A worker as others reach it: what it serves, and which key they know it by.
struct PeerInfo {
  std::string name;
  std::string endpoint;  ///< empty: it serves nobody, but may ask
  std::string key;       ///< public key (Z85); empty: plaintext
  std::vector<StageId> stages;
  std::uint64_t incarnation = 0;
  std::uint32_t threads = 0;  ///< as in WorkerState
  friend bool operator==(const PeerInfo&, const PeerInfo&) = default;
};

/// Coordinator to worker: what it should hold. A lease that is not in it is not the worker's any
/// more.
struct Order {
  static constexpr MessageKind kKind = MessageKind::order;
  std::uint64_t ack_seq = 0;  ///< the WorkerState that this answers
  Digest config;              ///< digest of the RunSpec that the run goes by
  std::vector<Share> shares;  ///< its part of the calls in flight, by provider
  std::vector<GrantedLease> leases;
  std::uint32_t ttl_ms = 0;  ///< how long the leases last without another Order
  std::uint32_t heartbeat_ms = 0;
  bool drain = false;     ///< start no new calls; deliver what is under way
  bool run_over = false;  ///< forget the run
  /// The other workers of the run, heard of lately, that serve peers or have a key.
  std::vector<PeerInfo> peers;
  std::string refused;  ///< why this worker may not take part; the rest does not count then
  /// Rises with each change of `shares`: a worker goes by the highest of a start.
  std::uint64_t share_number = 0;
  friend bool operator==(const Order&, const Order&) = default;
};

/// Coordinator to worker: the whole run config, once per worker and run.
struct RunSpec {
  static constexpr MessageKind kKind = MessageKind::run_spec;
  Digest config;            ///< SHA-256 of config_json
  std::string config_json;  ///< effective config; no secrets
  friend bool operator==(const RunSpec&, const RunSpec&) = default;
};

/// Worker to coordinator: send me samples [from, from + count) of a shard (by position in id
/// order). The credit is the count: nothing is sent that was not asked for.
struct Fetch {
  static constexpr MessageKind kKind = MessageKind::fetch;
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint32_t from = 0;
  std::uint32_t count = 0;
  bool alone = false;  ///< nothing else is under way here: a suspect sample may be sent
  /// The first sample's answers up to the one with this call key have come (SampleItem::more).
  std::optional<Digest> after;
  friend bool operator==(const Fetch&, const Fetch&) = default;
};

struct SampleItem {
  Sample sample;
  std::vector<Answer> answers;  ///< recorded ones: not to be asked again
  bool more = false;  ///< the sample has more of them: ask again, `after` the last of these
  friend bool operator==(const SampleItem&, const SampleItem&) = default;
};

/// Answer to Fetch. Samples that already have an outcome are left out, and so are suspects (two
/// deaths of workers caught them under way) while anything else of the shard is open.
struct Samples {
  static constexpr MessageKind kKind = MessageKind::samples;
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint32_t from = 0;
  std::uint32_t next =
      0;  ///< the position after the last one covered; may be short of what was asked
  std::vector<SampleItem> items;
  /// Without items: only suspects are left; fetch again with `alone` once nothing else is under
  /// way. With the one item: it runs alone.
  bool alone = false;
  std::optional<Digest> after;  ///< as it was asked
  friend bool operator==(const Samples&, const Samples&) = default;
};

struct FetchDatabase {
  static constexpr MessageKind kKind = MessageKind::fetch_database;
  Digest digest;
  std::uint64_t offset = 0;
  friend bool operator==(const FetchDatabase&, const FetchDatabase&) = default;
};

struct DatabaseChunk {
  static constexpr MessageKind kKind = MessageKind::database_chunk;
  Digest digest;
  std::uint64_t offset = 0;
  std::uint64_t total = 0;  ///< bytes of the whole database; 0: the coordinator does not have it
  std::string bytes;
  friend bool operator==(const DatabaseChunk&, const DatabaseChunk&) = default;
};

/// One thing a worker hands over: an answer with its call, a call that failed, or an outcome. Of a
/// purchase, the answers come one to a record, and the call with the last of them.
struct Record {
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::optional<Answer> answer;
  std::optional<Call> call;
  std::optional<Outcome> outcome;
  /// The fingerprint of the answers that the outcome follows from. Nothing: not said.
  std::optional<std::uint64_t> follows_from;
  friend bool operator==(const Record&, const Record&) = default;
};

/// Worker to coordinator: records in order; repeated until acknowledged.
struct Deliver {
  static constexpr MessageKind kKind = MessageKind::deliver;
  std::uint64_t seq = 0;  ///< 1, 2, 3, ... from one incarnation to one start of a coordinator
  std::vector<Record> records;
  friend bool operator==(const Deliver&, const Deliver&) = default;
};

/// Coordinator to worker: everything up to `seq` is recorded.
struct Ack {
  static constexpr MessageKind kKind = MessageKind::ack;
  std::uint64_t seq = 0;
  friend bool operator==(const Ack&, const Ack&) = default;
};

/// A sample as a pure stage at a peer needs it: everything but the lease.
struct StageItem {
  Sample sample;
  std::vector<Answer> answers;
  std::vector<Candidate> candidates;
  bool gold_failed = false;
  std::optional<Reason> failure;
  friend bool operator==(const StageItem&, const StageItem&) = default;
};

/// Lease holder to a peer that serves pure stages: run those from `stage` to `last` over these. No
/// state stays at the peer, so the same request may be sent again, to the same peer or another.
struct StageRequest {
  static constexpr MessageKind kKind = MessageKind::stage_request;
  std::uint64_t id = 0;  ///< the sender's; comes back with the reply
  StageId stage = StageId::exec;
  std::vector<StageItem> items;
  StageId last = StageId::exec;
  Digest config;  ///< digest of the RunSpec that the sender works by
  friend bool operator==(const StageRequest&, const StageRequest&) = default;
};

/// What the stages added to one item.
struct StageEvidence {
  std::vector<Candidate> candidates;
  bool gold_failed = false;
  std::optional<Reason> failure;
  std::vector<StageTime> times;  ///< of the stages that ran; only their service
  friend bool operator==(const StageEvidence&, const StageEvidence&) = default;
};

/// The answer to a StageRequest: as many items, in the same order.
struct StageReply {
  static constexpr MessageKind kKind = MessageKind::stage_reply;
  std::uint64_t id = 0;
  std::vector<StageEvidence> items;
  bool not_now = false;  ///< without items: another run's or config's, or too much to do
  bool working = false;  ///< without items: at work on it; the reply proper comes later
  friend bool operator==(const StageReply&, const StageReply&) = default;
};

/// Comes back as it was sent, on the connection that it came by, behind the answers to all that was
/// sent there before it. So what is not answered by then never will be.
struct FlushMarker {
  static constexpr MessageKind kKind = MessageKind::flush_marker;
  std::uint64_t number = 0;  ///< the worker's
  friend bool operator==(const FlushMarker&, const FlushMarker&) = default;
};

/// A worker's calls that came back and are not on its disk yet are at most this part of those that
/// it may have in flight: so that no provider waits for a disk.
inline constexpr std::uint32_t kSettlingPart = 8;
/// Returns how many calls may be lost with a worker that may have `calls` in flight.
inline std::uint32_t in_doubt_max(std::uint32_t calls) {
  return calls + calls / kSettlingPart;
}

/// How many calls of a process of a worker may be in doubt: in the ledger before it is told, so
/// that what it may have paid for is known if it never comes back. The last one of an incarnation
/// counts; 0 calls: all that it did is known.
struct ShareGranted {
  std::string worker;
  std::uint64_t incarnation = 0;
  std::uint32_t calls = 0;
  friend bool operator==(const ShareGranted&, const ShareGranted&) = default;
};

/// A start of the coordinator, and the highest fence that was given before it: what says in which
/// start a call was made. In the ledger before that start gives a lease.
struct StartMade {
  std::uint64_t epoch = 0;
  std::uint64_t last_fence = 0;
  friend bool operator==(const StartMade&, const StartMade&) = default;
};
// M: any message above, or one of what ledger and journal keep: Record, ShareGranted, StartMade,
// JournalIntent, JournalCancelled. What is at its default and was added to a message later is left
// out.

template <class M>
std::string encode(const M& message);

/// Refuses (invalid_input, naming message and key): wrong types, missing keys, numbers out of
/// range, lists and texts over their limits, duplicate keys, trailing bytes. Unknown integer keys
/// are ignored, so that a field can be added within one protocol version.
template <class M>
Result<M> decode(std::string_view body);

/// Reads what is kept on disk. Errors: corrupt; unsupported, when it is not what encode() makes of
/// it: a later program wrote a member that this one would lose when it writes it again.
template <class M>
Result<M> decode_stored(std::string_view bytes) {
  auto stored = decode<M>(bytes);
  if (!stored.ok()) {
    return Error{Errc::corrupt, stored.error().message};
  }
  if (encode(*stored) != bytes) {
    return Error{
        Errc::unsupported,
        "holds what this program cannot write again: go on with the program that wrote it"};
  }
  return stored;
}

/// Returns how many bytes `record` takes in a message at most. R: Record, SampleItem, StageItem,
/// Answer.
template <class R>
std::size_t encoded_size_bound(const R& record);

/// Returns the frame that carries this message.
template <class Message>
std::string encode_frame(std::string_view run_id, const Speaker& speaker, const Message& message) {
  return encode_frame(Message::kKind, run_id, speaker, encode(message));
}

}  // namespace fd
