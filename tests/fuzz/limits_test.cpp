// What a hostile body may cost: memory is bounded however much a body promises or holds.

#include <gtest/gtest.h>

#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "tests/fuzz/allocations.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/fuzz/values.hpp"

namespace fd::fuzz {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
/// What a body inside a frame of the largest size may have.
constexpr std::size_t kMaxBodyBytes = kMaxFrameBytes - 16;

std::string list_of(std::uint32_t items) {
  std::string out("\xdd");
  for (const int shift : {24, 16, 8, 0}) {
    out.push_back(static_cast<char>((items >> shift) & 0xffu));
  }
  return out;
}

/// Lists of 4,096 lists of 4,096 empty values, up to the size of a frame: a value takes one byte on
/// the wire and 24 of memory.
std::string wide_body() {
  std::string inner = list_of(kMaxListItems) + std::string(kMaxListItems, '\xc0');
  const auto lists = static_cast<std::uint32_t>(kMaxBodyBytes / inner.size());
  std::string out = list_of(lists);
  for (std::uint32_t i = 0; i < lists; ++i) {
    out += inner;
  }
  return out;
}

/// Returns the most memory that decoding took, under the cap of every input.
template <class Decode>
std::size_t peak_of(const std::string& body, Decode decode) {
  start_counting(kMaxHeapBytes);
  const auto decoded = decode(body);
  const Allocations used = stop_counting();
  EXPECT_FALSE(decoded.ok());
  return used.peak;
}

TEST(FuzzLimits, K04SizeBombsTakeNoMemory) {
  for (const std::string_view bomb :
       {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdc\xff\xff", "\xdb\xff\xff\xff\xff",
        "\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff\x01"}) {
    EXPECT_LT(peak_of(std::string(bomb), decode_deliver), 64u << 10);
    // Inside of a list that may be there.
    EXPECT_LT(peak_of("\x81\x04\x91" + std::string(bomb), decode_deliver), 64u << 10);
  }
}

TEST(FuzzLimits, K05NestedListsAreBoundedByDepthTimesItems) {
  std::string chain;
  for (int i = 0; i < 100000; ++i) {
    chain += list_of(kMaxListItems);
  }
  EXPECT_LT(peak_of(chain, decode_deliver), 5 * kMiB);
  EXPECT_LT(peak_of(std::string(kMaxBodyBytes, '\x91'), decode_deliver), 5 * kMiB);
}

TEST(FuzzLimits, K05WideListsAreBoundedByTheNumberOfValues) {
  const std::string body = wide_body();
  ASSERT_GT(body.size(), 15 * kMiB);
  EXPECT_LT(peak_of(body, decode_deliver), kMiB);  // refused before anything is built
  // Where any value may stand: under a key that this version does not know.
  EXPECT_LT(peak_of("\x81\x50" + body, decode_deliver), kMiB);
  // A body of fewer values than the limit is read, and then lacks its fields.
  const std::string narrow = "\x81\x50" + list_of(255) + [] {
    std::string lists;
    for (int i = 0; i < 255; ++i) {
      lists += list_of(kMaxListItems) + std::string(kMaxListItems, '\xc0');
    }
    return lists;
  }();
  ASSERT_GT(narrow.size(), kMiB - 8192);
  EXPECT_EQ(decode_deliver(narrow).error().message, "deliver: field 1 is missing");
}

TEST(FuzzLimits, K05TheLimitOfValuesHasTwoSides) {
  // The map, its key and its list, 256 lists in that; all but the last of them full.
  constexpr std::size_t kAround = 1 + 2 + 256 + 255 * kMaxListItems;
  const auto error_with = [](std::size_t values) {
    std::string body = "\x81\x50" + list_of(256);
    for (int i = 0; i < 255; ++i) {
      body += list_of(kMaxListItems) + std::string(kMaxListItems, '\xc0');
    }
    const std::size_t last = values - kAround;
    body += list_of(static_cast<std::uint32_t>(last)) + std::string(last, '\xc0');
    return decode_ack(body).error().message;
  };
  EXPECT_EQ(error_with(kMaxMessageValues), "ack: field 1 is missing");
  EXPECT_EQ(error_with(kMaxMessageValues + 1), "message: more than 1048576 values");
}

TEST(FuzzLimits, K05LongTextsAreCopiedOnce) {
  RunSpec spec;
  spec.config_json.assign(kMaxTextBytes, 'x');
  const std::string body = encode(spec);
  start_counting(kMaxHeapBytes);
  const auto decoded = decode_run_spec(body);
  const Allocations used = stop_counting();
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, spec);
  EXPECT_LT(used.peak, kMaxTextBytes + kMiB);
}

/// Beside tests/protocol/messages_test.cpp: types that no message has, and numbers written
/// otherwise than we write them.
TEST(FuzzLimits, K06ForeignTypesAreRefusedByName) {
  const auto with = [](std::string_view value) {
    return std::string("\x83\x01") + std::string(value) + "\x02\x02\x03\x03";
  };
  const std::string in_range = "ack: field 1 is no whole number in range";
  EXPECT_EQ(decode_ack(with(std::string_view("\xca\x3f\x80\0\0", 5))).error().message,
            in_range);  // 1.0, 32 bits
  EXPECT_EQ(decode_ack(with(std::string_view("\xcb\x3f\xf0\0\0\0\0\0\0", 9))).error().message,
            in_range);  // 1.0
  EXPECT_EQ(decode_ack(with("\xa1x")).error().message, in_range);
  EXPECT_EQ(decode_ack(with("\xc0")).error().message, in_range);
  EXPECT_FALSE(decode_ack(with("\xd4\x01\x01")).ok());            // an extension of one byte
  EXPECT_FALSE(decode_ack(with("\xc1")).ok());                    // a type that msgpack never uses
  EXPECT_FALSE(decode_ack("\x83\xcb\x01\x02\x02\x03\x03").ok());  // a key that is no integer
  // One written longer than it need be is the same number.
  const auto longer = decode_ack(with(std::string_view("\xcf\0\0\0\0\0\0\0\x01", 9)));
  ASSERT_TRUE(longer.ok());
  EXPECT_EQ(*longer, (Ack{1, 2, 3}));
}

}  // namespace
}  // namespace fd::fuzz
