#pragma once

#include <string>

#include "protocol/journal.hpp"
#include "protocol/messages.hpp"
#include "tests/sim/random.hpp"

// Random values of everything that is sent or stored: valid, but with all the odd contents that the
// limits allow. The same numbers give the same values.

namespace fd::fuzz {

using sim::Random;

/// Returns UTF-8 of at most `max` bytes; short ones are more likely.
std::string text(Random& random, std::size_t max);
Digest digest(Random& random);
/// Returns a number of at most `bits` bits, near the edges of the msgpack encodings more often.
std::uint64_t number(Random& random, unsigned bits);

Record record(Random& random);
JournalEntry journal_entry(Random& random);

WorkerState worker_state(Random& random);
Order order(Random& random);
RunSpec run_spec(Random& random);
Fetch fetch(Random& random);
Samples samples(Random& random);
FetchDatabase fetch_database(Random& random);
DatabaseChunk database_chunk(Random& random);
Deliver deliver(Random& random);
Ack ack(Random& random);
StageRequest stage_request(Random& random);
StageReply stage_reply(Random& random);
FlushMarker marker(Random& random);
ShareGranted share_granted(Random& random);
StartMade start_made(Random& random);

}  // namespace fd::fuzz
