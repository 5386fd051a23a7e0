#pragma once

#include <cstddef>

// Counts what a program allocates: malloc and operator new of everything that is linked into it
// (not of shared libraries). Needs the link options of fd_allocations. One thread only.

namespace fd::fuzz {

/// What was allocated since start_counting().
struct Allocations {
  std::size_t count = 0;  ///< calls
  std::size_t live = 0;   ///< bytes not given back yet
  std::size_t peak = 0;   ///< the most bytes that were live at one time
};

/// Counts from zero. What was allocated before and is given back later does not count.
/// Whoever asks for more than `cap` live bytes ends the process with a message (abort).
void start_counting(std::size_t cap);
/// Ends the counting and returns it.
Allocations stop_counting();

}  // namespace fd::fuzz
