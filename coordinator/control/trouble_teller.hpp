#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "actors/gateway/error_sorts.hpp"
#include "actors/system/clock.hpp"
#include "coordinator/control/coordinator_ports.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Tells whoever runs the coordinator what goes wrong while the run goes on: the first of each
/// sort, in the words of who said it, with what would mend it.
class TroubleTeller {
 public:
  /// `last_fence`: the highest one of earlier starts, whose calls were told then. Lifetime: `ports`
  /// outlives it.
  TroubleTeller(CoordinatorPorts& ports, std::uint64_t last_fence)
      : ports_(ports), last_fence_(last_fence) {}

  void hear(const WorkerState& state);
  void hear(const Record& record);

 private:
  /// Of a provider: when the next one is told.
  struct Pauses {
    Instant quiet_until{};
    Duration gap{};
  };
  void hear_error(const EndpointError& error);
  void hear_pause(const EndpointError& error);
  void hear_answer(const Answer& answer);
  void tell_once(const std::string& line);

  CoordinatorPorts& ports_;
  std::uint64_t last_fence_;
  ErrorSorts errors_;
  std::map<std::string, Pauses> pauses_;                    ///< by provider
  std::set<std::pair<std::string, std::string>> troubles_;  ///< that were told: worker and text
  std::set<std::string> lines_;                             ///< that were told
  std::set<std::string> finish_words_;                      ///< that were told
};

}  // namespace fd
