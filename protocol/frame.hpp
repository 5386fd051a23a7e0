#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"
#include "protocol/limits.hpp"

namespace fd {

/// Raised with every change that an older program would misread.
inline constexpr std::uint16_t kProtocolVersion = 2;
/// Longer than an id that is given (kMaxGivenRunIdBytes): a student's run adds to its parent's.
inline constexpr std::size_t kMaxRunIdBytes = 160;

/// What a frame carries. Numbers are on the wire and never reused.
enum class MessageKind : std::uint16_t {
  worker_state = 1,
  order = 2,
  run_spec = 3,
  fetch = 4,
  samples = 5,
  fetch_database = 6,
  database_chunk = 7,
  deliver = 8,
  ack = 9,
  stage_request = 10,
  stage_reply = 11,
  flush_marker = 12,
};

/// Who speaks, and to whom. A worker drops what another incarnation is meant for and what another
/// start says than the one whose Order it took last; a coordinator takes nothing but states from a
/// worker that does not know its start.
struct Speaker {
  std::uint64_t ledger = 0;  ///< random, made with the run's ledger; 0: the worker has none yet
  std::uint64_t start = 0;   ///< random, made at each start of a coordinator; 0: as above
  std::uint64_t incarnation = 0;  ///< of the worker that speaks, asks, or is spoken to
  friend bool operator==(const Speaker&, const Speaker&) = default;
};

/// A decoded frame. Lifetime: views into the bytes it was decoded from.
struct FrameView {
  MessageKind kind = MessageKind::worker_state;
  std::string_view run_id;  ///< empty in a worker's first state
  Speaker speaker;
  std::string_view body;
};

/// Returns magic "FDW1", version (u16), kind (u16), body length (u32), run id length (u8), ledger,
/// start and incarnation (u64 each), run id, body; numbers big-endian. Requires: run_id and the
/// whole frame within their limits.
std::string encode_frame(MessageKind kind, std::string_view run_id, const Speaker& speaker,
                         std::string_view body);

/// Errors: unsupported (another protocol version, both named); invalid_input (anything else that is
/// not exactly one frame).
Result<FrameView> decode_frame(std::string_view bytes);

}  // namespace fd
