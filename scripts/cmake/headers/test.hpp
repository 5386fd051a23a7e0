// What most tests include.
#pragma once

#include <gtest/gtest.h>

#include "scripts/cmake/headers/std.hpp"
