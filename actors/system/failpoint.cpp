#include "actors/system/failpoint.hpp"

namespace fd {

// A program that brings definitions of its own never takes this file out of its library.
void failpoint(FailpointName /*name*/) {}
void failpoint(FailpointName /*name*/, const SampleId& /*sample*/) {}
int failpoint_error(FailpointName /*name*/) {
  return 0;
}

}  // namespace fd
