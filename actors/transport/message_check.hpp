#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "actors/keys/allow_list.hpp"
#include "actors/transport/transport_security.hpp"

namespace fd {

/// Decides which received messages count: their key is on the list at that moment, they have as
/// many frames as ours, and their sender has not sent too many others. Without a list only the
/// frames are looked at. Thread: one.
class MessageCheck {
 public:
  using Notify = std::function<void(TransportNotice::Kind, std::string detail)>;
  /// `allowed`: may be null. Lifetime: the list outlives the check. `notify` hears of refusals.
  MessageCheck(const AllowList* allowed, Notify notify)
      : allowed_(allowed), notify_(std::move(notify)) {}

  /// Returns the sender's name (empty without a list), or nothing for a message to be dropped.
  std::optional<std::string> sender(const CurvePublicKey& key, std::size_t frames,
                                    std::size_t expected);

 private:
  const AllowList* allowed_;
  Notify notify_;
  std::map<CurvePublicKey, std::uint32_t> odd_messages_;  ///< by key: those that were on the list
};

}  // namespace fd
