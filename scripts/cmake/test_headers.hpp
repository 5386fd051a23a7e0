// What most tests include; see FdTargets.cmake.
#pragma once

#include <gtest/gtest.h>

#include "scripts/cmake/headers.hpp"
