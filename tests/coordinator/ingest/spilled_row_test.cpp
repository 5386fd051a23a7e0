#include "coordinator/ingest/spilled_row.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(SpilledRow, ComesBackAsItWas) {
  const std::string text = R"({"a":1,"b":"\u0001"})";
  const std::vector<MemberPlace> content = {{1, 6}, {7, 19}};
  const std::vector<MemberPlace> ids = {{1, 6}};
  for (const std::vector<std::string_view>& golds :
       {std::vector<std::string_view>{}, {""}, {"SELECT 1"}, {"SELECT 1", "", "SELECT 22"}}) {
    SpilledRow row;
    row.line = 1ull << 40;
    row.file = 3;
    row.database = 9;
    row.golds = golds;
    row.text = text;
    row.content = content;
    row.id_fields = ids;
    std::string bytes;
    append_spilled(row, bytes);
    std::vector<MemberPlace> places;
    const SpilledRow back = read_spilled(bytes, places);
    EXPECT_EQ(back.line, row.line);
    EXPECT_EQ(back.file, 3u);
    EXPECT_EQ(back.database, 9u);
    EXPECT_EQ(back.golds, golds);
    EXPECT_EQ(back.text, text);
    std::string members;
    append_members(back.text, back.content, members);
    EXPECT_EQ(members, text);
    ASSERT_EQ(back.id_fields.size(), 1u);
    EXPECT_EQ(back.id_fields[0].to, 6u);
  }
}

}  // namespace
}  // namespace fd
