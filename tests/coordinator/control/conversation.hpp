#pragma once

#include <string>

namespace fd {

// clang-format off
/// Runs one golden conversation (tests/golden/*.txt) through a CoordinatorCore and returns the
/// transcript: every command, a rule of dashes, and what the core answered. An order that answers
/// another state than its worker's last one shows "answers=SEQ". Commands:
///   config slots=N|providers=NAME:N,... expected=N ttl_ms=N fence=N writing=N slow_disk=0|1
///   shards COUNT...                  one shard each, of that many samples; * behind it: committed;
///                                    @NAME/FENCE[/SHARE]: leased by an earlier start
///   state NAME [inc=N] [seq=N] [new] [start=0] [leaving] [draining] [owed=N] [recovered=N]
///         [flying=N,...] [waits=N] [cap=N] [late]  (it goes by the shares that it was told last, but
///         where it is late: by those of its state before)
///         [SHARD/FENCE:UNFETCHED+OUTSTANDING]...
///   fetch NAME SHARD/FENCE FROM COUNT
///   answer NAME seq=N SHARD/FENCE POSITION TEXT
///   outcome NAME seq=N SHARD/FENCE POSITION
///   loaded SHARD [answer@POSITION=TEXT] [done@POSITION]
///   durable FENCE                    on a slow disk, with all shares; else all is durable at once
///   written SHARD
///   ended NAME [replaced]
///   advance MS | drain | tick
// clang-format on
std::string run_conversation(const std::string& script);

}  // namespace fd
