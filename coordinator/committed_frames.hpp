#pragma once

#include <string>
#include <utility>
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
        leases_(brings<LeaseGranted>(append)),
        records_(brings<Record>(append)) {}

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
  std::vector<std::pair<PeerId, std::string>> frames_;
  bool leases_;
  bool records_;
};

}  // namespace fd
