#include "protocol/journal.hpp"

#include <algorithm>

#include "protocol/base/coding.hpp"
#include "protocol/base/crc32c.hpp"
#include "protocol/frame.hpp"
#include "protocol/run_dir.hpp"

namespace fd {
namespace {

// Header: magic, version, lengths of the two names, incarnation, number, the names, CRC-32C.
constexpr std::string_view kSegmentMagic = "FDJ1";
constexpr std::uint64_t kVersion = 2;
constexpr std::size_t kRunIdAt = 20;
constexpr std::size_t kWorkerAt = kRunIdAt + kMaxRunIdBytes;
constexpr std::size_t kHeaderCrcAt = kWorkerAt + kMaxNameBytes;
static_assert(kHeaderCrcAt + 4 == kJournalHeaderBytes);
constexpr std::size_t kHeaderMinBytes = 152;  ///< of version 1

// Record: length of the body, CRC-32C, body: kind and payload.
constexpr std::size_t kFrameBytes = 8;
constexpr std::string_view kMarkMagic = "FDJm";
constexpr std::size_t kMarkBytes = 4 + 8 + 4;  ///< magic, its own offset, CRC-32C of both
constexpr std::size_t kSealBytes = 8;          ///< how many records stand before it

/// Takes numbers off the front of bytes that are long enough.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number(std::size_t count) {
    at_ += count;
    return read_big_endian(bytes_.substr(at_ - count, count));
  }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number(4)); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

Error corrupt(std::uint64_t offset, const std::string& why) {
  return Error{Errc::corrupt, "offset " + std::to_string(offset) + ": " + why};
}

std::string encode_header(const SegmentHeader& header) {
  const JournalIdentity& journal = header.journal;
  FD_CHECK(valid_run_id(journal.run_id));
  FD_CHECK(!journal.worker.empty() && journal.worker.size() <= kMaxNameBytes);
  std::string out(kSegmentMagic);
  append_big_endian(kVersion, 2, out);
  append_big_endian(journal.run_id.size(), 1, out);
  append_big_endian(journal.worker.size(), 1, out);
  append_big_endian(journal.incarnation, 8, out);
  append_big_endian(header.number, 4, out);
  out += journal.run_id;
  out.resize(kWorkerAt);
  out += journal.worker;
  out.resize(kHeaderCrcAt);
  append_big_endian(crc32c(out), 4, out);
  return out;
}

Result<SegmentHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kHeaderMinBytes) {
    return corrupt(0, "the header is cut short");
  }
  if (bytes.substr(0, kSegmentMagic.size()) != kSegmentMagic) {
    return corrupt(0, "no journal segment (magic)");
  }
  Taker taker(bytes.substr(kSegmentMagic.size()));
  const std::uint64_t version = taker.number(2);
  // Version 1 was shorter, so its checksum stands elsewhere.
  const std::size_t crc_at = version == 1 ? kHeaderMinBytes - 4 : kHeaderCrcAt;
  if (bytes.size() < crc_at + 4) {
    return corrupt(0, "the header is cut short");
  }
  if (Taker(bytes.substr(crc_at)).number(4) != crc32c(bytes.substr(0, crc_at))) {
    return corrupt(0, "the header does not match its checksum");
  }
  if (version != kVersion) {
    return Error{Errc::unsupported, "journal format " + std::to_string(version) +
                                        ", this program reads " + std::to_string(kVersion) +
                                        ": go on with the version that wrote it"};
  }
  const std::size_t run_id_bytes = taker.number(1);
  const std::size_t worker_bytes = taker.number(1);
  SegmentHeader header;
  header.journal.incarnation = taker.number(8);
  header.number = taker.number32();
  header.journal.run_id = bytes.substr(kRunIdAt, std::min(run_id_bytes, kMaxRunIdBytes));
  header.journal.worker = bytes.substr(kWorkerAt, std::min(worker_bytes, kMaxNameBytes));
  if (!valid_run_id(header.journal.run_id) || header.journal.worker.empty()) {
    return corrupt(0, "the header names no run or no worker");
  }
  return header;
}

std::string mark_payload(std::uint64_t offset, std::uint32_t header_crc) {
  std::string payload(kMarkMagic);
  append_big_endian(offset, 8, payload);
  append_big_endian(crc32c(payload, header_crc), 4, payload);
  return payload;
}

/// A record that is where it belongs.
struct Framed {
  std::size_t offset = 0;
  std::string_view body;
  [[nodiscard]] JournalKind kind() const { return static_cast<JournalKind>(body.front()); }
  [[nodiscard]] std::string_view payload() const { return body.substr(1); }
};

/// Steps over the records of a segment until one is not whole.
class Framing {
 public:
  explicit Framing(std::string_view bytes)
      : bytes_(bytes), chain_(Taker(bytes.substr(kHeaderCrcAt)).number32()), header_crc_(chain_) {}

  /// Returns the next record; nothing at the end, and where why() says what is broken.
  std::optional<Framed> next() {
    const std::string_view rest = bytes_.substr(at_);
    if (rest.empty()) {
      return std::nullopt;
    }
    if (rest.size() < kFrameBytes) {
      return broken("a record is cut short");
    }
    Taker taker(rest);
    const std::size_t length = taker.number(4);
    const std::uint32_t crc = taker.number32();
    if (length == 0 || length > kMaxJournalRecordBytes) {
      return broken("the length of a record is out of range");
    }
    if (length > rest.size() - kFrameBytes) {
      return broken("a record is cut short");
    }
    const std::string_view body = rest.substr(kFrameBytes, length);
    if (crc32c(body, crc32c(rest.substr(0, 4), chain_)) != crc) {
      return broken("a record does not match its checksum");
    }
    chain_ = crc;
    at_ += kFrameBytes + length;
    return Framed{at_ - kFrameBytes - length, body};
  }

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] const char* why() const { return why_; }
  [[nodiscard]] std::uint32_t header_crc() const { return header_crc_; }

  /// Returns whether a whole mark stands behind the broken record: then what broke was synced.
  [[nodiscard]] bool synced_here() const {
    for (std::size_t found = bytes_.find(kMarkMagic, at_ + 1); found != std::string_view::npos;
         found = bytes_.find(kMarkMagic, found + 1)) {
      if (found > at_ + kFrameBytes + 1 &&
          bytes_.substr(found, kMarkBytes) == mark_payload(found - kFrameBytes - 1, header_crc_)) {
        return true;
      }
    }
    return false;
  }

 private:
  std::nullopt_t broken(const char* why) {
    why_ = why;
    return std::nullopt;
  }
  std::string_view bytes_;
  std::size_t at_ = kJournalHeaderBytes;
  std::uint32_t chain_;
  std::uint32_t header_crc_;
  const char* why_ = nullptr;
};

/// Decodes an entry of a segment into `segment`.
template <class Entry>
Result<void> decode_entry(const Framed& record, ScannedSegment& segment) {
  auto entry = decode_stored<Entry>(record.payload());
  if (!entry.ok()) {
    return Error{entry.error().code,
                 "offset " + std::to_string(record.offset) + ": " + entry.error().message};
  }
  segment.entries.emplace_back(std::move(entry).value());
  return {};
}

/// Takes what a whole record says into `segment`; `before` is how many records stand before it.
Result<void> take(const Framed& record, std::uint64_t before, std::uint32_t header_crc,
                  ScannedSegment& segment) {
  const std::string_view payload = record.payload();
  switch (record.kind()) {
    case JournalKind::intent:
      return decode_entry<JournalIntent>(record, segment);
    case JournalKind::cancelled:
      return decode_entry<JournalCancelled>(record, segment);
    case JournalKind::end: {
      FD_TRY_VOID(decode_entry<JournalEnd>(record, segment));
      const auto& end = std::get<JournalEnd>(segment.entries.back());
      if ((!end.call && !end.answer) || end.outcome) {
        return corrupt(record.offset, "an end is not that of one call");
      }
      return {};
    }
    case JournalKind::mark:
      return payload == mark_payload(record.offset, header_crc)
                 ? Result<void>()
                 : corrupt(record.offset, "a mark is not at its place");
    case JournalKind::seal:
      if (payload.size() != kSealBytes || Taker(payload).number(8) != before) {
        return corrupt(record.offset, "the seal counts other records");
      }
      segment.sealed = true;
      return {};
  }
  return corrupt(record.offset, "a record is of an unknown kind");
}

}  // namespace

Record in_doubt_record(const JournalIntent& intent) {
  Record record;
  record.shard = intent.shard;
  record.fence = intent.fence;
  Call& call = record.call.emplace();
  static_cast<CallIdentity&>(call) = intent;
  call.count = intent.count;
  call.fence = intent.fence;
  call.endpoint = intent.endpoint;
  call.attempts = 1;
  call.prompt_tokens = intent.estimated_prompt_tokens;
  call.end = CallEnd::in_doubt;
  return record;
}

std::size_t framed_bytes(std::string_view payload) {
  return kFrameBytes + 1 + payload.size();
}

SegmentWriter::SegmentWriter(const SegmentHeader& header)
    : header_(encode_header(header)),
      header_crc_(Taker(std::string_view(header_).substr(kHeaderCrcAt)).number32()),
      chain_(header_crc_),
      bytes_(header_.size()) {}

void SegmentWriter::append(JournalKind kind, std::string_view payload, std::string& out) {
  FD_CHECK(payload.size() < kMaxJournalRecordBytes);
  std::string front;
  append_big_endian(payload.size() + 1, 4, front);
  const char kind_byte = static_cast<char>(kind);
  const std::uint32_t crc =
      crc32c(payload, crc32c(std::string_view(&kind_byte, 1), crc32c(front, chain_)));
  append_big_endian(crc, 4, front);
  front.push_back(kind_byte);
  out += front;
  out += payload;
  chain_ = crc;
  bytes_ += framed_bytes(payload);
  ++records_;
}

void SegmentWriter::mark(std::string& out) {
  append(JournalKind::mark, mark_payload(bytes_, header_crc_), out);
}

void SegmentWriter::seal(std::string& out) {
  std::string payload;
  append_big_endian(records_, kSealBytes, payload);
  append(JournalKind::seal, payload, out);
}

Result<ScannedSegment> scan_segment(std::string_view bytes, Sealing sealing) {
  ScannedSegment segment;
  auto header = decode_header(bytes);
  if (!header.ok()) {
    // The header is synced before the first record is written.
    if (header.error().code == Errc::corrupt && sealing == Sealing::unknown &&
        bytes.size() <= kJournalHeaderBytes) {
      segment.torn_bytes = bytes.size();
      return segment;
    }
    return header.error();
  }
  segment.header = std::move(header).value();

  // All frames first: damage anywhere is found before anything is decoded.
  Framing framing(bytes);
  std::vector<Framed> records;
  while (const auto record = framing.next()) {
    records.push_back(*record);
    if (record->kind() == JournalKind::seal) {
      break;
    }
  }
  segment.valid_bytes = framing.at();
  segment.torn_bytes = bytes.size() - framing.at();
  const bool seal_read = !records.empty() && records.back().kind() == JournalKind::seal;
  if (seal_read && segment.torn_bytes != 0) {
    return corrupt(framing.at(), "bytes follow the seal");
  }
  if (framing.why() != nullptr &&
      (sealing == Sealing::required || segment.torn_bytes > kMaxUnsyncedBytes ||
       framing.synced_here())) {
    return corrupt(framing.at(), framing.why());
  }
  if (sealing == Sealing::required && !seal_read) {
    return corrupt(framing.at(), "the seal is missing");
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    FD_TRY_VOID(take(records[i], i, framing.header_crc(), segment));
  }
  return segment;
}

}  // namespace fd
