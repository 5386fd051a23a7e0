#include "tests/fuzz/allocations.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace fd::fuzz {
namespace {

bool counting = false;
std::size_t cap_bytes = 0;
Allocations counted;

/// Before the memory is asked for, so that a huge request is never made.
void about_to_take(std::size_t bytes) {
  if (counting && (bytes > cap_bytes || counted.live + bytes > cap_bytes)) {
    counting = false;
    std::fprintf(stderr, "allocations: %zu bytes are live, %zu more are over the cap of %zu\n",
                 counted.live, bytes, cap_bytes);
    std::abort();
  }
}

void* taken(void* memory) {
  if (counting && memory != nullptr) {
    ++counted.count;
    counted.live += malloc_usable_size(memory);
    counted.peak = counted.peak > counted.live ? counted.peak : counted.live;
  }
  return memory;
}

void given_back(void* memory) {
  if (counting && memory != nullptr) {
    const std::size_t bytes = malloc_usable_size(memory);
    counted.live -= bytes < counted.live ? bytes : counted.live;
  }
}

}  // namespace

void start_counting(std::size_t cap) {
  counted = {};
  cap_bytes = cap;
  counting = true;
}

Allocations stop_counting() {
  counting = false;
  return counted;
}

}  // namespace fd::fuzz

// The linker sends every call here (--wrap), and what is here on to the real ones.
extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* memory, std::size_t bytes);
void __real_free(void* memory);

void* __wrap_malloc(std::size_t bytes) {
  fd::fuzz::about_to_take(bytes);
  return fd::fuzz::taken(__real_malloc(bytes));
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  fd::fuzz::about_to_take(count * bytes);
  return fd::fuzz::taken(__real_calloc(count, bytes));
}
void* __wrap_realloc(void* memory, std::size_t bytes) {
  fd::fuzz::about_to_take(bytes);
  fd::fuzz::given_back(memory);
  return fd::fuzz::taken(__real_realloc(memory, bytes));
}
void __wrap_free(void* memory) {
  fd::fuzz::given_back(memory);
  __real_free(memory);
}
}

void* operator new(std::size_t bytes) {
  if (void* memory = __wrap_malloc(bytes == 0 ? 1 : bytes)) {
    return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  __wrap_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  __wrap_free(memory);
}
