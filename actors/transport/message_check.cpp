#include "actors/transport/message_check.hpp"

#include "actors/transport/transport_limits.hpp"

namespace fd {

std::optional<std::string> MessageCheck::sender(const CurvePublicKey& key, std::size_t frames,
                                                std::size_t expected) {
  using Kind = TransportNotice::Kind;
  const auto user = allowed_ != nullptr ? allowed_->user_of(key) : std::optional<std::string>("");
  if (!user) {
    notify_(Kind::key_removed, key.z85 + " is no longer on the allow-list");
    return std::nullopt;
  }
  std::uint32_t& odd = odd_messages_[key];
  if (odd >= kOddMessagesMax) {
    return std::nullopt;
  }
  if (frames == expected) {
    return user;
  }
  notify_(Kind::frame_count, *user + " sent a message of " + std::to_string(frames) + " frames");
  if (allowed_ != nullptr && ++odd == kOddMessagesMax) {
    notify_(Kind::peer_refused, *user + ": nothing more is taken under the key " + key.z85);
  }
  return std::nullopt;
}

}  // namespace fd
