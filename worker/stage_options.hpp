#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/records.hpp"

namespace fd {

/// Reads --stages, such as "clean,rules,exec,score". Returns the stages in order, each once; with
/// teacher comes select, which runs wherever the leases are, and with each stage those of one's own
/// that follow it. "judge" is taken beside teacher and
/// names nothing: no run of this version asks for it. Errors: invalid_input (an unknown stage, or
/// nothing to do for anybody), unsupported (a stage that this version does not have).
Result<std::vector<StageId>> stages_from_text(std::string_view text);

/// Returns whether `stages` has one that other workers can ask for.
bool serves_peer_stage(const std::vector<StageId>& stages);

/// Returns where a worker must listen for other workers when it was not told: at a port that the
/// system chooses, on the address that it reaches the coordinator from; what is not tcp:// to an
/// IPv4 host gives nothing.
std::optional<std::string> default_peer_listen(const std::string& coordinator);

/// Returns `bound`, what a worker listens on, as others reach it: with a host of all zeros replaced
/// by the address that the coordinator is reached from. Nothing when that cannot be found out.
std::optional<std::string> reachable_endpoint(const std::string& bound,
                                              const std::string& coordinator);

}  // namespace fd
