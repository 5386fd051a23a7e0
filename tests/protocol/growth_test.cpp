// What happens to a record that gets a member more: old bytes and lines stay readable and stay as
// they are, and an older program reads past the member in a message but not in a file.

#include <string>

#include <gtest/gtest.h>

#include "tests/protocol/full_values.hpp"
#include "tests/protocol/written_types.hpp"

namespace fd {
namespace {

using testing_support::full;
using testing_support::LineTypes;
using testing_support::TypeNames;
using testing_support::WrittenTypes;

/// Returns a map of MessagePack with a member more, which no record has.
std::string with_a_later_member(const std::string& map) {
  const auto head = static_cast<std::uint8_t>(map[0]);
  const std::size_t head_bytes = head == 0xde ? 3 : 1;
  const std::size_t members =
      1 + (head == 0xde ? static_cast<std::uint8_t>(map[2]) : head - std::size_t{0x80});
  const std::string start = members < 16 ? std::string(1, static_cast<char>(0x80 + members))
                                         : std::string("\xde\0", 2) + static_cast<char>(members);
  return start + map.substr(head_bytes) + "\x7f\x81\x01\xa5later";
}

std::string line_with_a_later_key(std::string line) {
  line.pop_back();
  return line + ",\"zz_later\":1}";
}

template <class R>
std::string line(const R& record) {
  std::string out;
  append_line(record, out);
  return out;
}

template <class M>
class Growth : public testing::Test {};
TYPED_TEST_SUITE(Growth, WrittenTypes, TypeNames);

TYPED_TEST(Growth, AMemberThatAnOlderProgramDidNotWriteIsReadAsItsDefault) {
  each_field<TypeParam>([](const auto& field) {
    if (!field.if_set) {
      return;
    }
    TypeParam old = full<TypeParam>();
    old.*field.member = TypeParam{}.*field.member;
    const std::string bytes = encode(old);
    EXPECT_LT(bytes.size(), encode(full<TypeParam>()).size()) << int{field.number};
    const auto read = decode<TypeParam>(bytes);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, old);
    EXPECT_EQ(encode(*read), bytes);
  });
}

TYPED_TEST(Growth, AMemberThatALaterProgramWroteIsIgnored) {
  for (const TypeParam& value : {TypeParam{}, full<TypeParam>()}) {
    const auto read = decode<TypeParam>(with_a_later_member(encode(value)));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, value);
  }
}

template <class M>
class LineGrowth : public testing::Test {};
TYPED_TEST_SUITE(LineGrowth, LineTypes, TypeNames);

TYPED_TEST(LineGrowth, AKeyThatAnOlderProgramDidNotWriteIsReadAsItsDefault) {
  each_json_field<TypeParam>([](const auto& field) {
    if (!field.if_set) {
      return;
    }
    TypeParam old = *from_line<TypeParam>(line(full<TypeParam>()));
    old.*field.member = TypeParam{}.*field.member;
    const std::string text = line(old);
    EXPECT_EQ(text.find('"' + std::string(field.name) + "\":"), std::string::npos);
    const auto read = from_line<TypeParam>(text);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, old);
    EXPECT_EQ(line(*read), text);
  });
}

/// A file's lines are all that a reader knows of them: one that does not know a key does not know
/// what the line says.
TYPED_TEST(LineGrowth, AKeyThatALaterProgramWroteIsRefusedByName) {
  const auto read = from_line<TypeParam>(line_with_a_later_key(line(full<TypeParam>())));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::corrupt);
  EXPECT_EQ(read.error().message,
            std::string(kFields<TypeParam>.what) + ": key \"zz_later\" is not known");
}

TEST(GrowthWithin, AMemberThatALaterProgramWroteIntoARecordWithinIsIgnored) {
  Record record = full<Record>();
  const std::string answer = encode(*record.answer);
  std::string bytes = encode(record);
  const std::size_t at = bytes.find(answer);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, answer.size(), with_a_later_member(answer));
  const auto read = decode<Record>(bytes);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, record);
}

TEST(GrowthWithin, AKeyThatALaterProgramWroteIntoACandidateIsRefusedByName) {
  std::string text = line(full<Outcome>());
  const std::size_t end = text.find('}');
  const auto read = from_line<Outcome>(text.insert(end, ",\"zz_later\":1"));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message, "candidate: key \"zz_later\" is not known");
}

/// One value has one form, so that what is read is written again as it was.
TEST(GrowthWithin, AMemberThatStandsAtItsDefaultIsRefused) {
  const std::string answer = encode(Answer{});
  EXPECT_EQ(decode<Answer>('\x88' + answer.substr(1) + std::string("\x08\x00", 2)).error().message,
            "answer: field 8 stands at its default");
  EXPECT_TRUE(decode<Answer>('\x88' + answer.substr(1) + "\x08\x01").ok());
  std::string text = line(Answer{});
  const std::size_t at = text.find("\"sample_id\"");
  EXPECT_EQ(from_line<Answer>(text.substr(0, at) + R"("role":"teacher",)" + text.substr(at))
                .error()
                .message,
            "answer: key \"role\" stands at its default");
  EXPECT_TRUE(from_line<Answer>(text.substr(0, at) + R"("role":"judge",)" + text.substr(at)).ok());
}

}  // namespace
}  // namespace fd
