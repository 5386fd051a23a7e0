#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/transport/transport.hpp"
#include "coordinator/ledger/ledger_event.hpp"
#include "protocol/messages.hpp"

// What goes into CoordinatorCore, and what comes out.

namespace fd {

// --- events ---------------------------------------------------------------------------------

/// A message of a worker, and who sent it.
struct Arrived {
  PeerId peer;
  Speaker from;     ///< ledger and start are 0 for a worker of another run
  std::string key;  ///< public key that the connection was made with; empty: plaintext
};
struct StateArrived : Arrived {
  WorkerState state;
};
struct FetchArrived : Arrived {
  Fetch fetch;
};
struct FetchDatabaseArrived : Arrived {
  FetchDatabase fetch;
};
struct DeliverArrived : Arrived {
  Deliver deliver;
};
struct FlushMarkerArrived : Arrived {
  FlushMarker marker;
};
/// The shell has read a shard that Effects::load named: its ids in order, and what the ledger has.
struct ShardLoaded {
  std::uint32_t shard = 0;
  std::vector<SampleId> ids;
  std::vector<Record> recorded;
  /// Answers of other runs to the very same calls; answers and calls of a replay.
  std::vector<Record> reused;
};
/// The ledger has the leases up to this fence, and these shares: workers may be told of them.
struct LeasesDurable {
  std::uint64_t fence = 0;
  std::vector<ShareGranted> shares;
};
/// The shell has written a shard that Effects::commit named.
struct ShardWritten {
  std::uint32_t shard = 0;
};
/// A worker process that the shell started has ended. Its leases wait for the one that takes its
/// place, or are free at once when there is none.
struct WorkerEnded {
  std::string name;
  bool replaced = false;  ///< another one was started under the same name
};
struct DrainAsked {};
struct Ticked {};
using CoordinatorEvent = std::variant<StateArrived, FetchArrived, FetchDatabaseArrived,
                                      DeliverArrived, FlushMarkerArrived, ShardLoaded,
                                      LeasesDurable, ShardWritten, WorkerEnded, DrainAsked, Ticked>;

// --- effects --------------------------------------------------------------------------------

/// A message to a worker.
struct To {
  PeerId peer;
  std::uint64_t incarnation = 0;
};
/// Send the samples at `positions`: the shell has their contents.
struct SendSamples : To {
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint32_t from = 0;
  std::uint32_t next = 0;
  std::vector<std::uint32_t> positions;
  std::map<std::uint32_t, std::vector<Answer>> answers;  ///< recorded ones, by position
  std::optional<Digest> after;                           ///< as in Fetch
  bool alone = false;                                    ///< as in Samples
};
struct SendOrder : To {
  Order order;
};
struct SendRunSpec : To {};
struct SendAck : To {
  Ack ack;
};
struct SendFlushMarker : To {
  FlushMarker marker;
};
struct SendDatabase : To {
  FetchDatabase fetch;
};
using Outgoing =
    std::variant<SendOrder, SendRunSpec, SendAck, SendFlushMarker, SendSamples, SendDatabase>;

/// What the shell must do, in this order: load, make `append` durable, send, commit. Only an Ack
/// rests on what is made durable, and a FlushMarker stays behind it; once leases are, LeasesDurable
/// tells.
struct CoordinatorEffects {
  std::vector<std::uint32_t> load;
  std::vector<LedgerEvent> append;
  /// Made durable behind `append`: what became known of a shard when all its samples had their
  /// outcomes. It is not in the shard's files, but it was paid for.
  std::vector<Record> late;
  std::vector<Outgoing> send;
  std::vector<std::uint32_t> commit;  ///< every sample of the shard has its outcome
  std::vector<std::string> log;       ///< for people: one line each, something was recovered
  /// The run cannot go on: which stage nobody serves, and what to start.
  std::optional<std::string> unserved;
};

}  // namespace fd
