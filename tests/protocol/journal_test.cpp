#include "protocol/journal.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "protocol/base/coding.hpp"
#include "protocol/base/crc32c.hpp"
#include "tests/protocol/full_values.hpp"

namespace fd {
namespace {

SegmentHeader header_of(std::uint32_t number = 0) {
  return {{"r1", "w1", 0x0102030405060708}, number};
}

JournalIntent intent_of(std::uint32_t index) {
  JournalIntent intent;
  intent.shard = 3;
  intent.fence = 9;
  intent.sample_id = sha256(std::to_string(index));
  intent.call_key = sha256("key " + std::to_string(index));
  intent.candidate = index % 4;
  intent.estimated_prompt_tokens = 100 + index;
  intent.max_tokens = 512;
  return intent;
}

JournalEnd end_of(const JournalIntent& intent, const std::string& text) {
  JournalEnd end;
  end.shard = intent.shard;
  end.fence = intent.fence;
  end.answer = Answer{intent, "m", text, "", "stop"};
  static_cast<CallIdentity&>(end.call.emplace()) = intent;
  end.call->endpoint = "p";
  end.call->attempts = 1;
  return end;
}

/// A segment, and where its batches begin.
struct Segment {
  explicit Segment(std::uint32_t number = 0) : writer(header_of(number)), bytes(writer.header()) {}
  void intent(std::uint32_t index) {
    append(JournalKind::intent, encode(intent_of(index)));
    entries.emplace_back(intent_of(index));
  }
  void end(std::uint32_t index, const std::string& text) {
    append(JournalKind::end, encode(end_of(intent_of(index), text)));
    entries.emplace_back(end_of(intent_of(index), text));
  }
  void append(JournalKind kind, const std::string& payload) {
    offsets.push_back(bytes.size());
    writer.append(kind, payload, bytes);
  }
  void batch() {
    batches.push_back(bytes.size());
    offsets.push_back(bytes.size());
    writer.mark(bytes);
  }
  void seal() { writer.seal(bytes); }

  SegmentWriter writer;
  std::string bytes;
  std::vector<JournalEntry> entries;
  std::vector<std::size_t> offsets;  ///< of records
  std::vector<std::size_t> batches;  ///< offsets of marks
};

/// About 64 KiB in five batches.
Segment large_segment() {
  Segment segment;
  for (std::uint32_t i = 0; i < 20; ++i) {
    if (i % 4 == 0 && i != 0) {
      segment.batch();
    }
    segment.intent(i);
    segment.end(i, std::string(3000, static_cast<char>('a' + i)));
  }
  return segment;
}

std::string offset_text(std::size_t offset) {
  return "offset " + std::to_string(offset) + ": ";
}

/// Returns the offset of the record that a byte belongs to; 0 for the header.
std::size_t record_at(const Segment& segment, std::size_t byte) {
  std::size_t found = 0;
  for (const std::size_t offset : segment.offsets) {
    found = offset <= byte ? offset : found;
  }
  return found;
}

void expect_corrupt(const Result<ScannedSegment>& scanned, std::size_t offset) {
  ASSERT_FALSE(scanned.ok()) << "not found at " << offset;
  EXPECT_EQ(scanned.error().code, Errc::corrupt);
  EXPECT_EQ(scanned.error().message.substr(0, offset_text(offset).size()), offset_text(offset));
}

TEST(Journal, ComesBackAsItWent) {
  Segment segment = large_segment();
  segment.append(JournalKind::cancelled, encode(JournalCancelled{sha256("s"), sha256("k")}));
  segment.entries.emplace_back(JournalCancelled{sha256("s"), sha256("k")});
  JournalEnd failed = end_of(intent_of(7), "");
  failed.answer.reset();
  failed.call->end = CallEnd::failed;
  failed.call->error = "timeout";
  segment.append(JournalKind::end, encode(failed));
  segment.entries.emplace_back(failed);
  segment.seal();
  const auto scanned = scan_segment(segment.bytes, Sealing::required);
  ASSERT_TRUE(scanned.ok()) << scanned.error().message;
  EXPECT_EQ(scanned->header, header_of());
  EXPECT_EQ(scanned->entries, segment.entries);
  EXPECT_EQ(scanned->valid_bytes, segment.bytes.size());
  EXPECT_EQ(scanned->torn_bytes, 0u);
  EXPECT_TRUE(scanned->sealed);
  EXPECT_EQ(segment.writer.bytes(), segment.bytes.size());
}

/// An entry with a member of a later version cannot be taken over without losing it.
TEST(Journal, AnEntryOfALaterProgramIsRefusedByName) {
  Segment segment;
  std::string entry = encode(JournalCancelled{sha256("s"), sha256("k")});
  ++entry[0];  // a map of one member more
  segment.append(JournalKind::cancelled, entry + "\x7f\x01");
  const auto scanned = scan_segment(segment.bytes, Sealing::unknown);
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().code, Errc::unsupported);
  EXPECT_EQ(scanned.error().message,
            offset_text(segment.offsets.back()) +
                "holds what this program cannot write again: go on with the program that wrote it");
}

/// The answers of a purchase come one by one, and the call with the last of them.
TEST(Journal, AnEndMayBeAnAnswerAlone) {
  Segment segment;
  JournalEnd first = end_of(intent_of(1), "SELECT 1");
  first.call.reset();
  segment.append(JournalKind::end, encode(first));
  const auto scanned = scan_segment(segment.bytes, Sealing::unknown);
  ASSERT_TRUE(scanned.ok()) << scanned.error().message;
  EXPECT_EQ(scanned->entries, (std::vector<JournalEntry>{first}));
}

TEST(Journal, WhatIsReportedOfAnIntentWithoutAnEndIsItsCallInDoubt) {
  const auto intent = testing_support::full<JournalIntent>();
  Call call;
  static_cast<CallIdentity&>(call) = intent;
  call.count = intent.count;
  call.fence = intent.fence;
  call.endpoint = intent.endpoint;
  call.attempts = 1;
  call.prompt_tokens = intent.estimated_prompt_tokens;
  call.end = CallEnd::in_doubt;
  EXPECT_EQ(in_doubt_record(intent), (Record{intent.shard, intent.fence, {}, call, {}, {}}));
}

TEST(Journal, C11EveryTruncationOfASealedSegmentIsCorruptAndNamesTheOffset) {
  Segment segment = large_segment();
  segment.seal();
  for (std::size_t size = 0; size < segment.bytes.size(); ++size) {
    const auto scanned =
        scan_segment(std::string_view(segment.bytes).substr(0, size), Sealing::required);
    ASSERT_FALSE(scanned.ok()) << size;
    ASSERT_EQ(scanned.error().code, Errc::corrupt);
    ASSERT_EQ(scanned.error().message.substr(0, 7), "offset ");
  }
  const std::size_t last = segment.bytes.size() - 17;
  const auto unsealed =
      scan_segment(std::string_view(segment.bytes).substr(0, last), Sealing::required);
  ASSERT_FALSE(unsealed.ok());
  EXPECT_EQ(unsealed.error().message, offset_text(last) + "the seal is missing");
}

TEST(Journal, C11EveryTruncationOfAnOpenSegmentYieldsExactlyThePrefix) {
  Segment segment = large_segment();
  segment.offsets.push_back(segment.bytes.size());
  for (std::size_t size = 0; size <= segment.bytes.size(); ++size) {
    const auto scanned =
        scan_segment(std::string_view(segment.bytes).substr(0, size), Sealing::unknown);
    ASSERT_TRUE(scanned.ok()) << size << " " << scanned.error().message;
    ASSERT_EQ(scanned->valid_bytes + scanned->torn_bytes, size);
    ASSERT_EQ(scanned->header.has_value(), size >= kJournalHeaderBytes);
    ASSERT_LE(scanned->entries.size(), segment.entries.size());
    ASSERT_TRUE(
        std::equal(scanned->entries.begin(), scanned->entries.end(), segment.entries.begin()));
    // Every record that is there in full was taken.
    ASSERT_EQ(scanned->valid_bytes, record_at(segment, size));
  }
}

TEST(Journal, C11EveryFlippedByteOfASealedSegmentIsCorruptAtItsRecord) {
  Segment segment = large_segment();
  segment.offsets.push_back(segment.bytes.size());
  segment.seal();
  ASSERT_GT(segment.bytes.size(), 60u << 10);
  std::string bytes = segment.bytes;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const char flip : {'\x01', '\xff'}) {
      bytes[at] = static_cast<char>(segment.bytes[at] ^ flip);
      for (const Sealing sealing : {Sealing::required, Sealing::unknown}) {
        if (sealing == Sealing::unknown && at >= segment.batches.back()) {
          continue;  // looks torn: the next test
        }
        const auto scanned = scan_segment(bytes, sealing);
        ASSERT_FALSE(scanned.ok()) << at;
        ASSERT_EQ(scanned.error().code, Errc::corrupt);
        const std::string where = offset_text(record_at(segment, at));
        ASSERT_EQ(scanned.error().message.substr(0, where.size()), where) << at;
      }
    }
    bytes[at] = segment.bytes[at];
  }
}

TEST(Journal, C11FlippedByteOfTheLastBatchIsATornTailAndTheRestIsExact) {
  const Segment segment = large_segment();
  std::string bytes = segment.bytes;
  for (std::size_t at = segment.batches.back(); at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    const auto scanned = scan_segment(bytes, Sealing::unknown);
    ASSERT_TRUE(scanned.ok()) << at << " " << scanned.error().message;
    ASSERT_EQ(scanned->valid_bytes, record_at(segment, at));
    ASSERT_TRUE(
        std::equal(scanned->entries.begin(), scanned->entries.end(), segment.entries.begin()));
    bytes[at] = segment.bytes[at];
  }
}

TEST(Journal, C11TailOfZerosOrGarbageIsTornUpToItsLimit) {
  Segment segment;
  segment.intent(1);
  for (const char fill : {'\0', '\x5a', '\xff'}) {
    const std::string most = segment.bytes + std::string(kMaxUnsyncedBytes, fill);
    const auto scanned = scan_segment(most, Sealing::unknown);
    ASSERT_TRUE(scanned.ok()) << scanned.error().message;
    EXPECT_EQ(scanned->torn_bytes, kMaxUnsyncedBytes);
    EXPECT_EQ(scanned->entries, segment.entries);
    expect_corrupt(scan_segment(most + fill, Sealing::unknown), segment.bytes.size());
    expect_corrupt(scan_segment(most, Sealing::required), segment.bytes.size());
  }
}

TEST(Journal, TailWithAMarkOfAnotherSegmentIsStillTorn) {
  // A crash may leave blocks of a file that was removed.
  Segment other(1);
  other.intent(1);
  other.batch();
  Segment segment;
  segment.intent(1);
  const auto scanned =
      scan_segment(segment.bytes + "..." + other.bytes.substr(3), Sealing::unknown);
  ASSERT_TRUE(scanned.ok()) << scanned.error().message;
  EXPECT_EQ(scanned->entries, segment.entries);
}

TEST(Journal, C11HeaderThatIsCutShortIsASegmentThatNeverBegan) {
  Segment segment;
  std::string bytes = segment.bytes;
  bytes[20] = 'x';
  const auto torn = scan_segment(bytes, Sealing::unknown);
  ASSERT_TRUE(torn.ok());
  EXPECT_FALSE(torn->header);
  EXPECT_EQ(torn->torn_bytes, kJournalHeaderBytes);
  expect_corrupt(scan_segment(bytes + "x", Sealing::unknown), 0);
}

TEST(Journal, C13SwappedRepeatedAndRemovedRecordsAreCorrupt) {
  Segment segment;
  for (std::uint32_t i = 0; i < 4; ++i) {
    segment.intent(i);
  }
  const std::size_t first = segment.offsets[0];
  const std::size_t record = segment.offsets[1] - first;
  segment.batch();
  segment.seal();
  const std::string& whole = segment.bytes;
  const auto part = [&](std::size_t index) { return whole.substr(first + index * record, record); };
  const std::string front = whole.substr(0, first);
  const std::string back = whole.substr(first + 4 * record);
  for (const Sealing sealing : {Sealing::required, Sealing::unknown}) {
    expect_corrupt(scan_segment(front + part(0) + part(2) + part(1) + part(3) + back, sealing),
                   first + record);
    expect_corrupt(scan_segment(front + part(0) + part(2) + part(3) + back, Sealing::required),
                   first + record);
    expect_corrupt(scan_segment(front + part(0) + part(0) + part(1) + part(2) + part(3) + back,
                                Sealing::required),
                   first + record);
  }
}

TEST(Journal, C13BytesBehindTheSealAreCorrupt) {
  Segment segment = large_segment();
  segment.seal();
  for (const Sealing sealing : {Sealing::required, Sealing::unknown}) {
    const auto scanned = scan_segment(segment.bytes + '\0', sealing);
    ASSERT_FALSE(scanned.ok());
    EXPECT_EQ(scanned.error().message, offset_text(segment.bytes.size()) + "bytes follow the seal");
  }
}

TEST(Journal, C13RecordsOfAnotherSegmentAreCorruptInThisOne) {
  Segment one(0);
  Segment two(1);
  one.intent(1);
  two.intent(1);
  one.seal();
  two.seal();
  expect_corrupt(
      scan_segment(one.bytes.substr(0, kJournalHeaderBytes) + two.bytes.substr(kJournalHeaderBytes),
                   Sealing::required),
      kJournalHeaderBytes);
}

TEST(Journal, ALaterFormatIsUnsupported) {
  std::string bytes = Segment().bytes.substr(0, kJournalHeaderBytes - 4);
  bytes[5] = 3;
  append_big_endian(crc32c(bytes), 4, bytes);
  const auto scanned = scan_segment(bytes, Sealing::unknown);
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().code, Errc::unsupported);
  EXPECT_EQ(scanned.error().message,
            "journal format 3, this program reads 2: go on with the version that wrote it");
}

/// The header of version 1 was shorter, and its checksum stood elsewhere.
TEST(Journal, TheFirstFormatIsUnsupportedAndNotCorrupt) {
  std::string bytes("FDJ1\0\x01\x02\x02\0\0\0\0\0\0\0\x07\0\0\0\0r1", 22);
  bytes.resize(20 + 64);
  bytes += "w1";
  bytes.resize(20 + 64 + 64);
  append_big_endian(crc32c(bytes), 4, bytes);
  ASSERT_EQ(bytes.size(), 152u);
  for (const std::string& whole : {bytes, bytes + std::string(500, 'r')}) {
    for (const Sealing sealing : {Sealing::required, Sealing::unknown}) {
      const auto scanned = scan_segment(whole, sealing);
      ASSERT_FALSE(scanned.ok());
      EXPECT_EQ(scanned.error().code, Errc::unsupported);
      EXPECT_EQ(scanned.error().message,
                "journal format 1, this program reads 2: go on with the version that wrote it");
    }
  }
  bytes[150] = static_cast<char>(bytes[150] ^ 1);
  expect_corrupt(scan_segment(bytes, Sealing::required), 0);
}

TEST(Journal, WholeRecordThatMakesNoSenseIsCorruptAlsoAtTheEnd) {
  const auto scan_with = [](JournalKind kind, const std::string& payload) {
    Segment segment;
    segment.append(kind, payload);
    return scan_segment(segment.bytes, Sealing::unknown);
  };
  const auto message = [&](JournalKind kind, const std::string& payload) {
    const auto scanned = scan_with(kind, payload);
    return scanned.ok() ? std::string("taken") : scanned.error().message;
  };
  EXPECT_EQ(message(JournalKind::intent, "x"), "offset 248: intent: field 0 is no map");
  EXPECT_EQ(message(JournalKind::cancelled, ""), "offset 248: message: insufficient bytes");
  EXPECT_EQ(message(JournalKind::end, encode(Record{})),
            "offset 248: an end is not that of one call");
  EXPECT_EQ(message(JournalKind::end, "x"), "offset 248: record: field 0 is no map");
  EXPECT_EQ(message(JournalKind::mark, std::string(16, 'x')),
            "offset 248: a mark is not at its place");
  EXPECT_EQ(message(JournalKind::seal, std::string(8, '\x01')),
            "offset 248: the seal counts other records");
  EXPECT_EQ(message(static_cast<JournalKind>(6), ""), "offset 248: a record is of an unknown kind");
}

TEST(Journal, LargestRecordIsTakenAndALongerLengthIsNot) {
  Segment segment;
  segment.append(static_cast<JournalKind>(6), std::string(kMaxJournalRecordBytes - 1, 'x'));
  const auto largest = scan_segment(segment.bytes, Sealing::unknown);
  ASSERT_FALSE(largest.ok());
  EXPECT_EQ(largest.error().message, "offset 248: a record is of an unknown kind");
  segment.bytes.push_back('x');
  segment.bytes[kJournalHeaderBytes + 3] = 1;  // one byte more
  const auto longer = scan_segment(segment.bytes, Sealing::required);
  ASSERT_FALSE(longer.ok());
  EXPECT_EQ(longer.error().message, "offset 248: the length of a record is out of range");
}

/// Writes bytes as the protocol page shows them.
std::string dump(std::string_view bytes) {
  std::string out;
  for (std::size_t row = 0; row < bytes.size(); row += 16) {
    char text[24];
    std::snprintf(text, sizeof text, "%04zx ", row);
    out += text;
    for (std::size_t at = row; at < std::min(row + 16, bytes.size()); ++at) {
      std::snprintf(text, sizeof text, " %02x", static_cast<unsigned char>(bytes[at]));
      out += text;
    }
    out += '\n';
  }
  return out;
}

TEST(Journal, HasTheBytesThatTheProtocolPageShows) {
  Segment segment;
  segment.append(JournalKind::cancelled, encode(JournalCancelled{sha256("s"), sha256("k")}));
  segment.batch();
  segment.seal();
  std::ifstream file(FD_SOURCE_DIR "/docs/protocol.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_NE(page.find("```\n" + dump(segment.bytes) + "```"), std::string::npos)
      << dump(segment.bytes);
}

}  // namespace
}  // namespace fd
