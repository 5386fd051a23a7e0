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

struct StateArrived {
  PeerId peer;
  WorkerState state;
};
struct FetchArrived {
  PeerId peer;
  Fetch fetch;
};
struct DeliverArrived {
  PeerId peer;
  Deliver deliver;
};
struct FlushMarkerArrived {
  PeerId peer;
  FlushMarker marker;
};
/// The shell has read a shard that Effects::load named: its ids in order, and what the ledger has.
struct ShardLoaded {
  std::uint32_t shard = 0;
  std::vector<SampleId> ids;
  std::vector<Record> recorded;
  std::vector<Record> reused;  ///< answers of other runs to the very same calls
};
/// The ledger has the leases up to this fence: workers may be told of them.
struct LeasesDurable {
  std::uint64_t fence = 0;
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
using CoordinatorEvent =
    std::variant<StateArrived, FetchArrived, DeliverArrived, FlushMarkerArrived, ShardLoaded,
                 LeasesDurable, ShardWritten, WorkerEnded, DrainAsked, Ticked>;

// --- effects --------------------------------------------------------------------------------

/// Send the samples at `positions`: the shell has their contents.
struct SendSamples {
  PeerId peer;
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint32_t from = 0;
  std::uint32_t next = 0;
  std::vector<std::uint32_t> positions;
  std::map<std::uint32_t, std::vector<Answer>> answers;  ///< recorded ones, by position
  bool alone = false;                                    ///< as in Samples
};
struct SendOrder {
  PeerId peer;
  Order order;
};
struct SendRunSpec {
  PeerId peer;
};
struct SendAck {
  PeerId peer;
  Ack ack;
};
struct SendFlushMarker {
  PeerId peer;
  FlushMarker marker;
};
using Outgoing = std::variant<SendOrder, SendRunSpec, SendAck, SendFlushMarker, SendSamples>;

/// What the shell must do, in this order: load, make `append` durable, send, commit. Only an Ack
/// rests on what is made durable, and a FlushMarker stays behind it; once leases are, LeasesDurable
/// tells.
struct CoordinatorEffects {
  std::vector<std::uint32_t> load;
  std::vector<LedgerEvent> append;
  std::vector<Outgoing> send;
  std::vector<std::uint32_t> commit;  ///< every sample of the shard has its outcome
  std::vector<std::string> log;       ///< for people: one line each, something was recovered
  /// The run cannot go on: which stage nobody serves, and what to start.
  std::optional<std::string> unserved;
};

}  // namespace fd
