#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/random.hpp"

// Everything that reads bytes which somebody else wrote. Each entry takes any bytes: it must not
// crash, what it takes must come back the same when it is written and read again, and it must stay
// within the limits below. It aborts the process where that does not hold.

namespace fd::fuzz {

/// What one input may cost: live bytes on the heap, and calls for memory beyond one a byte of
/// input.
inline constexpr std::size_t kMaxHeapBytes = 64u << 20;
inline constexpr std::size_t kMaxAllocations = 10000;

struct Target {
  std::string_view name;
  /// Takes any bytes; returns whether they were accepted.
  bool (*run)(std::string_view);
  /// Returns bytes that run() accepts.
  std::string (*valid)(sim::Random&);
  /// Returns bytes whose outer lengths and checksums hold, around contents that were mutated.
  /// Nothing for a target without such.
  std::string (*broken_inside)(sim::Random&) = nullptr;
};

const std::vector<Target>& targets();

/// What the most expensive input since the start of the process took.
struct Costs {
  std::size_t heap_bytes = 0;
  std::size_t allocations = 0;
};
const Costs& highest_costs();

}  // namespace fd::fuzz

// The same for libFuzzer and AFL; always 0.
int fuzz_frame(const std::uint8_t* data, std::size_t size);
int fuzz_worker_state(const std::uint8_t* data, std::size_t size);
int fuzz_order(const std::uint8_t* data, std::size_t size);
int fuzz_run_spec(const std::uint8_t* data, std::size_t size);
int fuzz_fetch(const std::uint8_t* data, std::size_t size);
int fuzz_samples(const std::uint8_t* data, std::size_t size);
int fuzz_fetch_database(const std::uint8_t* data, std::size_t size);
int fuzz_database_chunk(const std::uint8_t* data, std::size_t size);
int fuzz_deliver(const std::uint8_t* data, std::size_t size);
int fuzz_ack(const std::uint8_t* data, std::size_t size);
int fuzz_stage_request(const std::uint8_t* data, std::size_t size);
int fuzz_stage_reply(const std::uint8_t* data, std::size_t size);
int fuzz_flush_marker(const std::uint8_t* data, std::size_t size);
int fuzz_record(const std::uint8_t* data, std::size_t size);
int fuzz_journal(const std::uint8_t* data, std::size_t size);
int fuzz_ledger_row(const std::uint8_t* data, std::size_t size);
int fuzz_share(const std::uint8_t* data, std::size_t size);
int fuzz_start(const std::uint8_t* data, std::size_t size);
