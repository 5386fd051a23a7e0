#pragma once

// FD_MUTANT(name): false, but in the simulation (tests/sim), where one deliberate mistake at a time
// can be switched on to prove that it would be noticed. docs/simulation.md lists all of them.

#ifdef FD_SIMULATION
#include <string_view>
namespace fd::sim {
/// Returns whether this mistake is switched on.
bool mutant(std::string_view name);
}  // namespace fd::sim
#define FD_MUTANT(name) (::fd::sim::mutant(#name))
#else
#define FD_MUTANT(name) false
#endif
