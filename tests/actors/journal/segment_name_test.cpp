#include "actors/journal/segment_name.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

SegmentHeader header_of(const std::string& run_id, std::uint64_t incarnation,
                        std::uint32_t number) {
  SegmentHeader header;
  header.journal.run_id = run_id;
  header.journal.incarnation = incarnation;
  header.number = number;
  return header;
}

TEST(SegmentName, SaysWhichSegmentOfWhichRunAndProcessItIs) {
  EXPECT_EQ(segment_name(header_of("run-1", 0xab, 7), true), "run-1.00000000000000ab.00000007.fdj");
  EXPECT_EQ(segment_name(header_of("run-1", 0xab, 7), false),
            "run-1.00000000000000ab.00000007.open.fdj");
}

TEST(SegmentName, IsReadBackAlsoWhenTheRunIdHasDots) {
  for (const bool sealed : {true, false}) {
    const auto file = parse_segment_name(segment_name(header_of("a.b", UINT64_MAX, 12), sealed));
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->run_id, "a.b");
    EXPECT_EQ(file->incarnation, UINT64_MAX);
    EXPECT_EQ(file->number, 12U);
    EXPECT_EQ(file->sealed, sealed);
  }
}

TEST(SegmentName, NothingElseIsTakenForASegment) {
  for (const char* other :
       {"", ".fdj", "journal.lock", "run-1.00000000000000ab.00000007",
        ".00000000000000ab.00000007.fdj", "run-1.0000000000000ab.00000007.fdj",
        "run-1.00000000000000ag.00000007.fdj", "run-1.00000000000000ab.0000000x.fdj",
        "run-1-00000000000000ab.00000007.fdj", "run-1.00000000000000ab-00000007.fdj"}) {
    EXPECT_EQ(parse_segment_name(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace fd
