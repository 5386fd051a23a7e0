#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/journal.hpp"

namespace fd {

/// Returns the name of a segment's file: `<run_id>.<incarnation, 16 hex digits>.<number, 8
/// digits>.fdj`, and `.open.fdj` while it is written. It gets its final name with its seal, so a
/// sealed segment that lost its end does not pass for one that a crash cut off.
std::string segment_name(const SegmentHeader& header, bool sealed);

/// What the name of a segment's file says.
struct SegmentFile {
  std::string name;
  std::string run_id;
  std::uint64_t incarnation = 0;
  std::uint32_t number = 0;
  bool sealed = false;
};

/// Returns nothing for a name that is no segment's. A run id may have dots, so it is read from the
/// back.
std::optional<SegmentFile> parse_segment_name(const std::string& name);

}  // namespace fd
