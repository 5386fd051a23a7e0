#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/failpoint.hpp"
#include "actors/transport.hpp"
#include "coordinator/coordinator_core.hpp"

namespace fd {

/// Frames that rest on what one append brings to the ledger: sent once that is committed.
class CommittedFrames {
 public:
  CommittedFrames(std::vector<std::pair<PeerId, std::string>> frames,
                  const std::vector<LedgerEvent>& append)
      : frames_(std::move(frames)),
        leases_(any<LeaseGranted>(append)),
        records_(any<Record>(append)) {}

  void send(Transport& transport) {
    if (leases_) {
      FD_FAILPOINT("k05.lease_before_send");
    }
    if (records_) {
      FD_FAILPOINT("k09.records_before_ack");
    }
    for (auto& [peer, bytes] : frames_) {
      transport.send(peer, std::move(bytes));
    }
    if (leases_) {
      FD_FAILPOINT("k06.lease_sent");
    }
    if (records_) {
      FD_FAILPOINT("k10.ack_sent");
    }
  }

 private:
  template <class T>
  static bool any(const std::vector<LedgerEvent>& append) {
    return std::any_of(append.begin(), append.end(),
                       [](const LedgerEvent& event) { return std::holds_alternative<T>(event); });
  }

  std::vector<std::pair<PeerId, std::string>> frames_;
  bool leases_;
  bool records_;
};

}  // namespace fd
