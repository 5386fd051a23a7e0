#pragma once

#include <cstdint>

#include "protocol/frame.hpp"

namespace fd {

// What a peer can make us hold or wait for. docs/security.md says what each is for.

/// One frame, before and after the handshake; a peer that announces more is cut off.
inline constexpr std::int64_t kWireMessageBytesMax = static_cast<std::int64_t>(kMaxFrameBytes);
inline constexpr int kWireHighWaterMark = 10000;  ///< messages; credits bound bytes far below it
inline constexpr int kHandshakeMs = 2000;         ///< a stranger that says nothing is dropped
/// ZMTP pings of a control connection, which the connecting side sends; and how long either side
/// waits for the other's before it closes.
inline constexpr int kWireHeartbeatMs = 1000;
inline constexpr int kWireHeartbeatTimeoutMs = 3000;
inline constexpr int kWireHeartbeatTtlMs = 5000;
/// The kernel closes a connection whose peer has confirmed nothing for so long, idle or not. A ping
/// would wait behind a large message on a slow link; what the kernel sends does not.
inline constexpr int kWireKeepaliveIdleS = 10;
inline constexpr int kWireKeepaliveIntervalS = 5;
inline constexpr int kWireKeepaliveCount = 4;
inline constexpr int kWireUnconfirmedMs = 30000;
inline constexpr int kWireBacklog = 512;         ///< connections the kernel holds for us
inline constexpr int kContextSocketsMax = 4096;  ///< three a connection, of 1,024 peers and more
inline constexpr int kWireLingerMs = 2000;
inline constexpr int kReconnectMs = 100;
inline constexpr int kReconnectMaxMs = 2000;
/// Messages of another frame count than ours that one key may send before nothing of it counts.
inline constexpr std::uint32_t kOddMessagesMax = 8;
/// Handshakes in a row that fail before a connecting side says that it is not wanted.
inline constexpr std::uint32_t kHandshakesRefusedMax = 5;
/// The start-up test must be over by then.
inline constexpr int kSelfTestMs = 10000;

}  // namespace fd
