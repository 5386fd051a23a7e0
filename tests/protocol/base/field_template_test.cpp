#include "protocol/base/field_template.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

using Place = TemplatePiece::Place;

void expect_piece(std::string_view& text, std::string_view literal, Place place,
                  std::string_view field) {
  const TemplatePiece piece = take_piece(text);
  EXPECT_EQ(piece.literal, literal);
  EXPECT_EQ(piece.place, place);
  EXPECT_EQ(piece.field, field);
}

TEST(FieldTemplate, GivesEachPlaceWithWhatStandsBeforeIt) {
  std::string_view text = "{{a}}, {{ b\t}}{{}}.";
  expect_piece(text, "", Place::field, "a");
  expect_piece(text, ", ", Place::field, "b");
  expect_piece(text, "", Place::field, "");
  expect_piece(text, ".", Place::none, "");
  EXPECT_TRUE(text.empty());
}

TEST(FieldTemplate, SingleBracesAreText) {
  std::string_view text = "{a} }} {";
  expect_piece(text, "{a} }} {", Place::none, "");
  EXPECT_TRUE(text.empty());
}

TEST(FieldTemplate, AnUnclosedPlaceTakesTheRest) {
  std::string_view text = "a{{b} c";
  expect_piece(text, "a", Place::unclosed, "b} c");
  EXPECT_TRUE(text.empty());
  text = "{{";
  expect_piece(text, "", Place::unclosed, "");
}

}  // namespace
}  // namespace fd
