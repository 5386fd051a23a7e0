#pragma once

#include <cstddef>

// What one message, record, row and answer may have at most. A reader refuses more; the writer of
// each keeps it: ingest refuses a row, and the gateway an answer, that a frame could not carry
// later. All in bytes, unless they say otherwise.

namespace fd {

/// One text of a message or record, unless its member says less.
inline constexpr std::size_t kMaxTextBytes = 8u << 20;
/// Items of one list of a message or record, unless its member says less.
inline constexpr std::size_t kMaxListItems = 4096;

/// A row's canonical input, id fields and gold together. Kept by ingest.
inline constexpr std::size_t kMaxSampleBytes = 7u << 20;
/// An answer's text and reasoning, with what the provider said beside them, as UTF-8: a byte of a
/// reply that is none becomes three. Kept by the gateway.
inline constexpr std::size_t kMaxAnswerBytes = 8u << 20;
/// An outcome, without the texts that the answers have. Kept by the worker.
inline constexpr std::size_t kMaxOutcomeBytes = 8u << 20;
/// What a record or message has beside such a row and such an answer: names, digests, numbers.
inline constexpr std::size_t kMaxBesideBytes = 1u << 19;

/// One frame between processes, whole.
inline constexpr std::size_t kMaxFrameBytes = 16u << 20;
/// One record of a worker's journal, without its frame: it must be handed over later.
inline constexpr std::size_t kMaxJournalRecordBytes = kMaxFrameBytes - kMaxBesideBytes;

static_assert(kMaxAnswerBytes <= kMaxTextBytes && kMaxSampleBytes <= kMaxTextBytes);
static_assert(kMaxSampleBytes + kMaxAnswerBytes + kMaxBesideBytes <= kMaxFrameBytes,
              "a sample goes out with one recorded answer at least");
static_assert(kMaxAnswerBytes + kMaxBesideBytes < kMaxJournalRecordBytes);

}  // namespace fd
