#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fd::sim {

/// A deliberate mistake in a core, or in the order of a shell, that the simulation must notice.
struct Mutant {
  std::string_view name;       ///< of its FD_MUTANT
  std::string_view about;      ///< what is wrong with it
  std::string_view campaigns;  ///< those that are tried, in this order, by names with spaces
};

/// Returns all mutants.
const std::vector<Mutant>& mutants();

/// Switches one mistake on, or, with an empty name, all off.
void switch_mutant(std::string_view name);

/// Where a mutant was noticed first.
struct Kill {
  std::string campaign;
  std::uint64_t seed = 0;
  std::string how;
};

/// Searches, in a process of its own, seeds 1 to `seeds` of each of the mutant's campaigns for the
/// first world that breaks a promise (or a check of the product). Returns nothing when all is kept.
std::optional<Kill> hunt(const Mutant& mutant, std::uint64_t seeds);

}  // namespace fd::sim
