#pragma once

#include <string>
#include <utility>
#include <vector>

#include "actors/system/failpoint.hpp"
#include "coordinator/control/coordinator_ports.hpp"

namespace fd {

/// Frames that rest on what one append brings to the ledger: sent once that is committed.
class CommittedFrames {
 public:
  CommittedFrames(std::vector<std::pair<PeerId, std::string>> frames, bool records)
      : frames_(std::move(frames)), records_(records) {}

  void send(CoordinatorPorts& ports) {
    if (records_) {
      FD_FAILPOINT("k09.records_before_ack");
    }
    for (auto& [peer, bytes] : frames_) {
      ports.send(peer, std::move(bytes));
    }
    if (records_) {
      FD_FAILPOINT("k10.ack_sent");
    }
  }

 private:
  std::vector<std::pair<PeerId, std::string>> frames_;
  bool records_;  ///< the append has some
};

}  // namespace fd
