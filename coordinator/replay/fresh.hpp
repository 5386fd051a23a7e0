#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/gateway/call_gateway.hpp"
#include "actors/system/stop_signals.hpp"
#include "coordinator/replay/shard.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// What ask_for_missing() needs of the world; injected, so that tests need neither HTTP nor
/// signals.
struct AskOptions {
  std::string journal_folder;     ///< made when it is not there
  std::uint64_t incarnation = 0;  ///< no journal in that folder has it yet
  CallGatewayOptions gateway;
  MakeSenders make_senders;  ///< makes what sends the calls
  /// Returns the signal that asked for the end, else 0. Called about twenty times a second, with
  /// the number of calls that have no result yet.
  std::function<int(std::size_t open)> signal;
  /// How long calls in flight are waited for after the signal.
  std::chrono::seconds drain{kDrainSeconds};
};

/// How the asking went.
struct Asked {
  std::uint64_t recovered = 0;       ///< answers that an earlier replay had paid for
  std::uint64_t calls = 0;           ///< made now
  std::uint64_t answers = 0;         ///< of these, how many were answered
  int signal = 0;                    ///< that ended it early; 0: none
  std::size_t in_flight = 0;         ///< calls that were given up: in doubt, possibly billed
  std::optional<Error> no_endpoint;  ///< why it was given up: no endpoint takes calls
};

/// Makes the calls that are missing and adds what they bring to `replay`. Nothing is paid twice:
/// every answer is in the journal before it is added, and what an earlier replay left there is
/// added first and not asked again. The journal stays: the caller removes it once all is committed.
/// Errors: storage, corrupt (the journal), busy.
Result<Asked> ask_for_missing(ShardReplay& replay, const AskOptions& options);

}  // namespace fd
