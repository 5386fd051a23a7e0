// What actors and their shells include: the dearest headers of all.
#pragma once

#include <caf/all.hpp>

#include "scripts/cmake/headers/std.hpp"
