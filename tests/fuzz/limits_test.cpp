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
constexpr std::size_t kMaxBodyBytes = kMaxFrameBytes - 37;

/// Returns the head of a list, as short as can be.
std::string list_of(std::uint32_t items) {
  if (items < 16) {
    return {static_cast<char>(0x90u + items)};
  }
  return {'\xdc', static_cast<char>(items >> 8), static_cast<char>(items & 0xffu)};
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
    EXPECT_LT(peak_of(std::string(bomb), decode<Deliver>), 64u << 10);
    // Inside of a list that may be there.
    EXPECT_LT(peak_of("\x81\x02\x91" + std::string(bomb), decode<Deliver>), 64u << 10);
  }
}

TEST(FuzzLimits, K05NestedListsAreBoundedByDepthTimesItems) {
  std::string chain;
  for (int i = 0; i < 100000; ++i) {
    chain += list_of(kMaxListItems);
  }
  EXPECT_LT(peak_of(chain, decode<Deliver>), 5 * kMiB);
  EXPECT_LT(peak_of(std::string(kMaxBodyBytes, '\x91'), decode<Deliver>), 5 * kMiB);
}

TEST(FuzzLimits, K05WideListsAreBoundedByTheNumberOfValues) {
  const std::string body = wide_body();
  ASSERT_GT(body.size(), 15 * kMiB);
  EXPECT_LT(peak_of(body, decode<Deliver>), kMiB);  // refused before anything is built
  // Where any value may stand: under a key that this version does not know.
  EXPECT_LT(peak_of("\x81\x50" + body, decode<Deliver>), kMiB);
  // A body of fewer values than the limit is read, and then lacks its fields.
  const std::string narrow = "\x81\x50" + list_of(255) + [] {
    std::string lists;
    for (int i = 0; i < 255; ++i) {
      lists += list_of(kMaxListItems) + std::string(kMaxListItems, '\xc0');
    }
    return lists;
  }();
  ASSERT_GT(narrow.size(), kMiB - 8192);
  EXPECT_EQ(decode<Deliver>(narrow).error().message, "deliver: field 1 is missing");
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
    return decode<Ack>(body).error().message;
  };
  EXPECT_EQ(error_with(kMaxMessageValues), "ack: field 1 is missing");
  EXPECT_EQ(error_with(kMaxMessageValues + 1), "message: more than 1048576 values");
}

TEST(FuzzLimits, K05LongTextsAreCopiedOnce) {
  RunSpec spec;
  spec.config_json.assign(kMaxTextBytes, 'x');
  const std::string body = encode(spec);
  start_counting(kMaxHeapBytes);
  const auto decoded = decode<RunSpec>(body);
  const Allocations used = stop_counting();
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, spec);
  EXPECT_LT(used.peak, kMaxTextBytes + kMiB);
}

/// Beside tests/protocol/messages_test.cpp: types that no message has.
TEST(FuzzLimits, K06ForeignTypesAreRefusedByName) {
  const auto with = [](std::string_view value) {
    return std::string("\x81\x01") + std::string(value);
  };
  const std::string in_range = "ack: field 1 is no whole number in range";
  EXPECT_EQ(decode<Ack>(with(std::string_view("\xca\x3f\x80\0\0", 5))).error().message,
            in_range);  // 1.0, 32 bits
  EXPECT_EQ(decode<Ack>(with(std::string_view("\xcb\x3f\xf0\0\0\0\0\0\0", 9))).error().message,
            in_range);  // 1.0
  EXPECT_EQ(decode<Ack>(with("\xa1x")).error().message, in_range);
  EXPECT_EQ(decode<Ack>(with("\xc0")).error().message, in_range);
  for (const std::string_view value :
       {std::string_view("\xd4\x01\x01"), std::string_view("\xc7\0\x01", 3)}) {
    EXPECT_EQ(decode<Ack>("\x82\x01\x01\x50" + std::string(value)).error().message,
              "message: an extension type");
  }
  EXPECT_FALSE(decode<Ack>(with("\xc1")).ok());    // a type that msgpack never uses
  EXPECT_FALSE(decode<Ack>("\x81\xcb\x01").ok());  // a key that is no integer
}

/// Every form of msgpack that a shorter one could stand for, each with what is as short as can be.
TEST(FuzzLimits, K06LongerFormsThanNeededAreRefused) {
  using namespace std::string_view_literals;
  const std::string text31(31, 't');
  const std::string text255(255, 't');
  const std::string text65535(65535, 't');
  const std::string nil15(15, '\xc0');
  const auto and_then = [](std::string_view head, const std::string& rest) {
    return std::string(head) + rest;
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\x7f", "\xcc\x7f"},
      {"\xcc\xff", and_then("\xcd\x00\xff"sv, "")},
      {"\xcd\xff\xff", and_then("\xce\x00\x00\xff\xff"sv, "")},
      {"\xce\xff\xff\xff\xff", and_then("\xcf\x00\x00\x00\x00\xff\xff\xff\xff"sv, "")},
      {"\x01", "\xd0\x01"},
      {"\xe0", "\xd0\xe0"},
      {"\xd0\x80", "\xd1\xff\x80"},
      {and_then("\xd1\x80\x00"sv, ""), and_then("\xd2\xff\xff\x80\x00"sv, "")},
      {and_then("\xd2\x80\x00\x00\x00"sv, ""),
       and_then("\xd3\xff\xff\xff\xff\x80\x00\x00\x00"sv, "")},
      {and_then("\xbf", text31), and_then("\xd9\x1f", text31)},
      {and_then("\xd9\xff", text255), and_then("\xda\x00\xff"sv, text255)},
      {and_then("\xda\xff\xff", text65535), and_then("\xdb\x00\x00\xff\xff"sv, text65535)},
      {and_then("\xc4\xff", text255), and_then("\xc5\x00\xff"sv, text255)},
      {and_then("\xc5\xff\xff", text65535), and_then("\xc6\x00\x00\xff\xff"sv, text65535)},
      {and_then("\x9f", nil15), and_then("\xdc\x00\x0f"sv, nil15)},
      {and_then("\x80"sv, ""), and_then("\xde\x00\x00"sv, "")},
  };
  for (const auto& [shortest, longer] : cases) {
    // Wherever it stands: under a key that this version does not know, or deeper.
    for (const std::string& around : {std::string(), std::string("\x91")}) {
      const std::string ack = "\x82\x01\x01\x50" + around;
      const auto taken = decode<Ack>(ack + shortest);
      EXPECT_TRUE(taken.ok()) << taken.error().message;
      EXPECT_EQ(decode<Ack>(ack + longer).error().message,
                "message: a value is longer than its shortest form");
    }
  }
  // A list whose length fits into 16 bits, and the map itself.
  EXPECT_EQ(decode<Ack>("\x82\x01\x01\x50" +
                        and_then("\xdd\x00\x00\x10\x00"sv, std::string(4096, '\xc0')))
                .error()
                .message,
            "message: a value is longer than its shortest form");
  EXPECT_EQ(decode<Ack>(std::string("\xde\x00\x01\x01\x01", 5)).error().message,
            "message: a value is longer than its shortest form");
}

}  // namespace
}  // namespace fd::fuzz
