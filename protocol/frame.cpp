#include "protocol/frame.hpp"

#include "protocol/base/coding.hpp"

namespace fd {
namespace {

constexpr std::string_view kFrameMagic = "FDW1";
constexpr std::size_t kFixedBytes = 4 + 2 + 2 + 4 + 1 + 3 * 8;
constexpr std::size_t kVersionEnd = 6;  ///< magic and version stay where they are, for ever

bool known(std::uint64_t kind) {
  return kind >= static_cast<std::uint64_t>(MessageKind::worker_state) &&
         kind <= static_cast<std::uint64_t>(MessageKind::flush_marker);
}

}  // namespace

std::string encode_frame(MessageKind kind, std::string_view run_id, const Speaker& speaker,
                         std::string_view body) {
  FD_CHECK(run_id.size() <= kMaxRunIdBytes);
  FD_CHECK(kFixedBytes + run_id.size() + body.size() <= kMaxFrameBytes);
  std::string out;
  out.reserve(kFixedBytes + run_id.size() + body.size());
  out += kFrameMagic;
  append_big_endian(kProtocolVersion, 2, out);
  append_big_endian(static_cast<std::uint64_t>(kind), 2, out);
  append_big_endian(body.size(), 4, out);
  append_big_endian(run_id.size(), 1, out);
  append_big_endian(speaker.ledger, 8, out);
  append_big_endian(speaker.start, 8, out);
  append_big_endian(speaker.incarnation, 8, out);
  out += run_id;
  out += body;
  return out;
}

Result<FrameView> decode_frame(std::string_view bytes) {
  const auto bad = [](const char* why) {
    return Error{Errc::invalid_input, std::string("frame: ") + why};
  };
  if (bytes.size() > kMaxFrameBytes) {
    return bad("larger than the limit");
  }
  if (bytes.size() < kVersionEnd || bytes.substr(0, kFrameMagic.size()) != kFrameMagic) {
    return bad("not one of ours (magic)");
  }
  if (const std::uint64_t version = read_big_endian(bytes.substr(4, 2));
      version != kProtocolVersion) {
    return Error{Errc::unsupported, "frame: protocol version " + std::to_string(version) +
                                        ", this program speaks " +
                                        std::to_string(kProtocolVersion) +
                                        ": coordinator and workers must be of one version"};
  }
  if (bytes.size() < kFixedBytes) {
    return bad("cut short");
  }
  const std::uint64_t kind = read_big_endian(bytes.substr(6, 2));
  const std::uint64_t body_bytes = read_big_endian(bytes.substr(8, 4));
  const std::uint64_t run_id_bytes = read_big_endian(bytes.substr(12, 1));
  if (!known(kind)) {
    return bad("unknown kind of message");
  }
  if (run_id_bytes > kMaxRunIdBytes || bytes.size() != kFixedBytes + run_id_bytes + body_bytes) {
    return bad("lengths do not add up");
  }
  FrameView view;
  view.kind = static_cast<MessageKind>(kind);
  view.speaker.ledger = read_big_endian(bytes.substr(13, 8));
  view.speaker.start = read_big_endian(bytes.substr(21, 8));
  view.speaker.incarnation = read_big_endian(bytes.substr(29, 8));
  view.run_id = bytes.substr(kFixedBytes, run_id_bytes);
  view.body = bytes.substr(kFixedBytes + run_id_bytes);
  return view;
}

}  // namespace fd
