#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "coordinator/ledger/rows.hpp"
#include "protocol/base/coding.hpp"
#include "protocol/base/crc32c.hpp"
#include "tests/fuzz/allocations.hpp"
#include "tests/fuzz/mutate.hpp"
#include "tests/fuzz/values.hpp"

namespace fd::fuzz {
namespace {

Costs highest;

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "fuzz: %s\n", what);
    std::abort();
  }
}

/// Runs one parser under the limits of an input.
template <class Parse>
auto limited(std::string_view bytes, Parse parse) {
  start_counting(kMaxHeapBytes);
  auto result = parse(bytes);
  const Allocations used = stop_counting();
  require(used.count <= kMaxAllocations + bytes.size(), "too many calls for memory");
  highest.heap_bytes = std::max(highest.heap_bytes, used.peak);
  highest.allocations = std::max(highest.allocations, used.count);
  return result;
}

/// One kind of message: decode and, when it is taken, encode and decode again.
template <class T>
bool round_trip(std::string_view bytes) {
  const auto first = limited(bytes, decode<T>);
  if (!first.ok()) {
    require(first.error().code == Errc::invalid_input, "an error of another class");
    require(!first.error().message.empty(), "an error without a message");
    return false;
  }
  const auto second = decode<T>(encode(*first));
  require(second.ok(), "what was taken is refused when it is sent on");
  require(*second == *first, "what was taken is another message when it is sent on");
  return true;
}

template <class T, T (*make)(Random&)>
std::string valid(Random& random) {
  return encode(make(random));
}

// --- frames

bool body_of(const FrameView& frame) {
  switch (frame.kind) {
    case MessageKind::worker_state:
      return round_trip<WorkerState>(frame.body);
    case MessageKind::order:
      return round_trip<Order>(frame.body);
    case MessageKind::run_spec:
      return round_trip<RunSpec>(frame.body);
    case MessageKind::fetch:
      return round_trip<Fetch>(frame.body);
    case MessageKind::samples:
      return round_trip<Samples>(frame.body);
    case MessageKind::fetch_database:
      return round_trip<FetchDatabase>(frame.body);
    case MessageKind::database_chunk:
      return round_trip<DatabaseChunk>(frame.body);
    case MessageKind::deliver:
      return round_trip<Deliver>(frame.body);
    case MessageKind::ack:
      return round_trip<Ack>(frame.body);
    case MessageKind::stage_request:
      return round_trip<StageRequest>(frame.body);
    case MessageKind::stage_reply:
      return round_trip<StageReply>(frame.body);
    case MessageKind::flush_marker:
      return round_trip<FlushMarker>(frame.body);
  }
  require(false, "a frame of a kind that does not exist");
  return false;
}

bool run_frame(std::string_view bytes) {
  const auto frame = limited(bytes, decode_frame);
  if (!frame.ok()) {
    require(frame.error().code == Errc::invalid_input || frame.error().code == Errc::unsupported,
            "an error of another class");
    return false;
  }
  require(encode_frame(frame->kind, frame->run_id, frame->speaker, frame->body) == bytes,
          "a frame that was taken is written otherwise");
  return body_of(*frame);
}

std::string frame_around(Random& random, bool break_it) {
  const auto kind = static_cast<MessageKind>(1 + random.below(12));
  const Target& inside = targets().at(static_cast<std::size_t>(kind));  // in the order of the kinds
  std::string body = inside.valid(random);
  if (break_it) {
    mutate(random, body, inside.valid(random));
  }
  std::string run_id = text(random, kMaxRunIdBytes);
  const Speaker speaker{number(random, 64), number(random, 64), number(random, 64)};
  return encode_frame(kind, run_id, speaker, body);
}
std::string valid_frame(Random& random) {
  return frame_around(random, false);
}
std::string frame_broken_inside(Random& random) {
  return frame_around(random, true);
}

// --- journals

std::string payload_of(const JournalEntry& entry) {
  return std::visit([](const auto& one) { return encode(one); }, entry);
}
JournalKind kind_of(const JournalEntry& entry) {
  constexpr JournalKind kKinds[] = {JournalKind::intent, JournalKind::cancelled, JournalKind::end};
  return kKinds[entry.index()];
}

std::string segment(const SegmentHeader& header, const std::vector<JournalEntry>& entries) {
  SegmentWriter writer(header);
  std::string bytes = writer.header();
  for (const JournalEntry& entry : entries) {
    writer.append(kind_of(entry), payload_of(entry), bytes);
  }
  writer.seal(bytes);
  return bytes;
}

bool run_journal(std::string_view bytes) {
  const auto scan_sealed = [](std::string_view all) {
    return scan_segment(all, Sealing::required);
  };
  const auto scan_open = [](std::string_view all) { return scan_segment(all, Sealing::unknown); };
  const auto sealed = limited(bytes, scan_sealed);
  const auto open = limited(bytes, scan_open);
  require(!sealed.ok() || (open.ok() && open->sealed && open->torn_bytes == 0),
          "a sealed segment is not whole when nobody knows that it is sealed");
  if (!open.ok()) {
    require(open.error().code == Errc::corrupt || open.error().code == Errc::unsupported,
            "an error of another class");
    return false;
  }
  require(open->valid_bytes + open->torn_bytes == bytes.size(), "bytes that are in no part");
  if (!open->header) {
    require(open->entries.empty(), "entries without a header");
    return false;
  }
  const auto whole = scan_open(bytes.substr(0, open->valid_bytes));
  require(whole.ok() && whole->torn_bytes == 0 && whole->entries == open->entries,
          "the whole part of a torn segment is read otherwise");
  const auto again = scan_sealed(segment(*open->header, open->entries));
  require(again.ok() && again->header == open->header && again->entries == open->entries,
          "what was read is another journal when it is written");
  return true;
}

/// A segment of several batches, sealed or not, with records that may be mutated.
std::string journal_of(Random& random, bool break_it) {
  SegmentHeader header;
  header.journal.run_id = "run-" + std::to_string(random.below(100));
  header.journal.worker = "w" + text(random, kMaxNameBytes - 1);
  header.journal.incarnation = number(random, 64);
  header.number = static_cast<std::uint32_t>(number(random, 32));
  SegmentWriter writer(header);
  std::string bytes = writer.header();
  const std::uint32_t entries = random.below(6);
  for (std::uint32_t i = 0; i < entries; ++i) {
    if (i > 0 && random.chance(300)) {
      writer.mark(bytes);
    }
    const JournalEntry entry = journal_entry(random);
    std::string payload = payload_of(entry);
    auto kind = kind_of(entry);
    if (break_it && random.chance(500)) {
      mutate(random, payload, payload_of(journal_entry(random)));
      kind = static_cast<JournalKind>(random.chance(100) ? random.below(256)
                                                         : static_cast<unsigned>(kind));
    }
    writer.append(kind, payload, bytes);
  }
  if (random.chance(500)) {
    writer.seal(bytes);
  }
  return bytes;
}
std::string valid_journal(Random& random) {
  return journal_of(random, false);
}
std::string journal_broken_inside(Random& random) {
  return journal_of(random, true);
}

// --- rows of the ledger: a key of 8 bytes, then the body as it is in the database

bool run_ledger_row(std::string_view bytes) {
  if (bytes.size() < 8) {
    return false;
  }
  const std::uint64_t key = read_big_endian(bytes.substr(0, 8));
  const auto row =
      limited(bytes.substr(8), [&](std::string_view body) { return decode_ledger_row(key, body); });
  if (!row.ok()) {
    require(row.error().code == Errc::corrupt || row.error().code == Errc::unsupported,
            "an error of another class");
    return false;
  }
  require(encode_ledger_row(key, *row) == bytes.substr(8),
          "what was read is not what stands there");
  const auto again = decode_ledger_row(key, encode_ledger_row(key, *row));
  require(again.ok() && *again == *row, "a row is another record when it is written again");
  return true;
}

std::string ledger_row_of(Random& random, bool break_it) {
  Record contents = record(random);
  contents.shard &= 0x7fffffffu;
  std::string out;
  append_big_endian((std::uint64_t{contents.shard} << 32) | number(random, 32), 8, out);
  std::string body = encode(contents);
  if (break_it) {
    mutate(random, body, encode(record(random)));
  }
  const std::uint32_t crc = crc32c(body, crc32c(out));
  out += body;
  append_big_endian(crc, 4, out);
  return out;
}
std::string valid_ledger_row(Random& random) {
  return ledger_row_of(random, false);
}
std::string ledger_row_broken_inside(Random& random) {
  return ledger_row_of(random, true);
}

}  // namespace

const std::vector<Target>& targets() {
  static const std::vector<Target> all = {
      {"frame", run_frame, valid_frame, frame_broken_inside},
      {"worker_state", round_trip<WorkerState>, valid<WorkerState, worker_state>},
      {"order", round_trip<Order>, valid<Order, order>},
      {"run_spec", round_trip<RunSpec>, valid<RunSpec, run_spec>},
      {"fetch", round_trip<Fetch>, valid<Fetch, fetch>},
      {"samples", round_trip<Samples>, valid<Samples, samples>},
      {"fetch_database", round_trip<FetchDatabase>, valid<FetchDatabase, fetch_database>},
      {"database_chunk", round_trip<DatabaseChunk>, valid<DatabaseChunk, database_chunk>},
      {"deliver", round_trip<Deliver>, valid<Deliver, deliver>},
      {"ack", round_trip<Ack>, valid<Ack, ack>},
      {"stage_request", round_trip<StageRequest>, valid<StageRequest, stage_request>},
      {"stage_reply", round_trip<StageReply>, valid<StageReply, stage_reply>},
      {"flush_marker", round_trip<FlushMarker>, valid<FlushMarker, marker>},
      {"record", round_trip<Record>, valid<Record, record>},
      {"journal", run_journal, valid_journal, journal_broken_inside},
      {"ledger_row", run_ledger_row, valid_ledger_row, ledger_row_broken_inside},
      {"share", round_trip<ShareGranted>, valid<ShareGranted, share_granted>},
      {"start", round_trip<StartMade>, valid<StartMade, start_made>},
  };
  return all;
}

const Costs& highest_costs() {
  return highest;
}

}  // namespace fd::fuzz

#define FD_FUZZ_ENTRY(place, name)                                                  \
  int fuzz_##name(const std::uint8_t* data, std::size_t size) {                     \
    fd::fuzz::targets().at(place).run({reinterpret_cast<const char*>(data), size}); \
    return 0;                                                                       \
  }
FD_FUZZ_ENTRY(0, frame)
FD_FUZZ_ENTRY(1, worker_state)
FD_FUZZ_ENTRY(2, order)
FD_FUZZ_ENTRY(3, run_spec)
FD_FUZZ_ENTRY(4, fetch)
FD_FUZZ_ENTRY(5, samples)
FD_FUZZ_ENTRY(6, fetch_database)
FD_FUZZ_ENTRY(7, database_chunk)
FD_FUZZ_ENTRY(8, deliver)
FD_FUZZ_ENTRY(9, ack)
FD_FUZZ_ENTRY(10, stage_request)
FD_FUZZ_ENTRY(11, stage_reply)
FD_FUZZ_ENTRY(12, flush_marker)
FD_FUZZ_ENTRY(13, record)
FD_FUZZ_ENTRY(14, journal)
FD_FUZZ_ENTRY(15, ledger_row)
FD_FUZZ_ENTRY(16, share)
FD_FUZZ_ENTRY(17, start)
