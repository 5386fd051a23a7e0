#pragma once

#include <optional>
#include <string>

#include "actors/keys/key_files.hpp"
#include "actors/system/command_line.hpp"
#include "actors/system/log.hpp"
#include "protocol/base/result.hpp"
#include "worker/state_folder.hpp"
#include "worker/worker_actor.hpp"

namespace fd {

/// What the command line says of a worker.
struct WorkerSettings {
  std::string endpoint;
  std::optional<std::string> peer_listen;  ///< nothing: serves nobody
  WorkerActorOptions options;
  LogLevel level = LogLevel::info;
  StateRequest state;
  std::optional<WorkerKeys> keys;  ///< nothing: plaintext
  bool allow_plaintext = false;    ///< also with other machines
};

/// Returns what fd-worker takes.
CommandSpec worker_command();

/// Turns the command line into settings. Reads keys; with --parent-pid this process ends with that
/// one from here on. Errors: invalid_input, refused, not_found, storage; unavailable
/// (the parent has ended).
Result<WorkerSettings> worker_settings(const ParsedCommand& parsed);

}  // namespace fd
