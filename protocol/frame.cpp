#include "protocol/frame.hpp"

#include <array>

namespace fd {
namespace {

constexpr std::string_view kMagic = "FDW1";
constexpr std::size_t kFixedBytes = 4 + 2 + 2 + 4 + 1;

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

std::uint64_t get(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

bool known(std::uint64_t kind) {
  return kind >= static_cast<std::uint64_t>(MessageKind::worker_state) &&
         kind <= static_cast<std::uint64_t>(MessageKind::echo);
}

}  // namespace

std::string encode_frame(MessageKind kind, std::string_view run_id, std::string_view body) {
  FD_CHECK(run_id.size() <= kMaxRunIdBytes);
  FD_CHECK(kFixedBytes + run_id.size() + body.size() <= kMaxFrameBytes);
  std::string out;
  out.reserve(kFixedBytes + run_id.size() + body.size());
  out += kMagic;
  put(out, kProtocolVersion, 2);
  put(out, static_cast<std::uint64_t>(kind), 2);
  put(out, body.size(), 4);
  put(out, run_id.size(), 1);
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
  if (bytes.size() < kFixedBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return bad("not one of ours (magic)");
  }
  if (const std::uint64_t version = get(bytes, 4, 2); version != kProtocolVersion) {
    return Error{Errc::unsupported, "frame: protocol version " + std::to_string(version) +
                                        ", this program speaks " +
                                        std::to_string(kProtocolVersion)};
  }
  const std::uint64_t kind = get(bytes, 6, 2);
  const std::uint64_t body_bytes = get(bytes, 8, 4);
  const std::uint64_t run_id_bytes = get(bytes, 12, 1);
  if (!known(kind)) {
    return bad("unknown kind of message");
  }
  if (run_id_bytes > kMaxRunIdBytes || bytes.size() != kFixedBytes + run_id_bytes + body_bytes) {
    return bad("lengths do not add up");
  }
  FrameView view;
  view.kind = static_cast<MessageKind>(kind);
  view.run_id = bytes.substr(kFixedBytes, run_id_bytes);
  view.body = bytes.substr(kFixedBytes + run_id_bytes);
  return view;
}

}  // namespace fd
